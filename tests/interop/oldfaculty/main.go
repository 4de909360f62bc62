// oldfaculty serves one batch of programs as the old `faculty` does: it sends `[body]` to a server, reads one reply,
// never asks again, correlates by program-id and semester only, and answers its programs without the delimiter.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/go-zeromq/zmq4"

	"dti/interop/wire"
)

func main() {
	name := flag.String("name", "", "the faculty")
	semester := flag.String("semester", "", "the semester")
	server := flag.String("dti-server", "", "host:port of the server or of a proxy")
	programsMin := flag.Int("min-programs", 5, "send when so many programs have asked")
	port := flag.Int("listen-port", 0, "0: any")
	flag.Parse()

	programs := zmq4.NewRouter(context.Background())
	wire.Listen(programs, "READY", *port)

	request := wire.Request{Semester: *semester, FacultyName: *name}
	peers := map[string][]byte{}
	for len(request.Programs) < *programsMin {
		message, err := programs.Recv()
		wire.Must(err)
		if len(message.Frames) != 3 || len(message.Frames[1]) != 0 {
			fmt.Fprintf(os.Stderr, "a request that is not [id, \"\", body]: %q\n", message.Frames)
			os.Exit(1)
		}
		peer := message.Frames[0]
		var wanted wire.RoomRequest
		wire.Must(json.Unmarshal(message.Frames[2], &wanted))
		if wanted.Semester != *semester {
			wire.Must(programs.SendMulti(zmq4.NewMsgFrom(peer, wire.Encode(wire.RoomAnswer{Status: "INVALID-SEMESTER"}))))
			continue
		}
		id := wire.NewID()
		peers[id] = peer
		request.Programs = append(request.Programs,
			wire.WantedProgram{ID: id, Name: wanted.ProgramName, Classrooms: wanted.Classrooms, Labs: wanted.Labs})
	}

	dti := zmq4.NewDealer(context.Background())
	wire.Must(dti.Dial("tcp://" + *server))
	wire.Must(dti.Send(zmq4.NewMsg(wire.Encode(request))))
	message, err := dti.Recv()
	wire.Must(err)
	var reply wire.Reply
	wire.Must(json.Unmarshal(message.Frames[0], &reply))
	if reply.Semester != *semester {
		fmt.Fprintf(os.Stderr, "a reply for another semester: %q\n", message.Frames[0])
		os.Exit(1)
	}
	for _, granted := range reply.Programs {
		peer, waits := peers[granted.ID]
		if !waits {
			fmt.Fprintf(os.Stderr, "a program that nobody asked for: %q\n", granted.ID)
			os.Exit(1)
		}
		delete(peers, granted.ID)
		wire.Must(programs.SendMulti(zmq4.NewMsgFrom(peer, wire.Encode(wire.RoomAnswer{Status: granted.StatusMessage,
			Classrooms: granted.Classrooms, Labs: granted.Labs, MobileLabs: granted.MobileLabs}))))
	}
	if len(peers) != 0 {
		fmt.Fprintf(os.Stderr, "%d programs without an answer\n", len(peers))
		os.Exit(1)
	}
}
