// olddti grants rooms as the old server does: it grants a repeat once more. It knows every faculty and program, answers
// in the frames in which it was asked, and refuses another semester with a sentence and no programs.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"

	"github.com/go-zeromq/zmq4"

	"dti/interop/wire"
)

func main() {
	semester := flag.String("semester", "", "the one open semester")
	classrooms := flag.Int("classrooms", 380, "of the pool")
	labs := flag.Int("labs", 60, "of the pool")
	port := flag.Int("port", 0, "0: any")
	flag.Parse()

	router := zmq4.NewRouter(context.Background())
	wire.Listen(router, "READY", *port)
	for {
		message, err := router.Recv()
		wire.Must(err)
		peer, body, rest := message.Frames[0], message.Frames[1], message.Frames[2:]
		var request wire.Request
		wire.Must(json.Unmarshal(body, &request))
		answer := wire.Healthy
		if !request.HealthCheck {
			answer = wire.Encode(serve(request, *semester, classrooms, labs))
		}
		frames := append([][]byte{bytes.Clone(peer), answer}, rest...)
		wire.Must(router.SendMulti(zmq4.NewMsgFrom(frames...)))
	}
}

// serve takes what the request gets out of the pool.
func serve(request wire.Request, semester string, classrooms, labs *int) wire.Reply {
	reply := wire.Reply{Semester: request.Semester}
	if request.Semester != semester {
		reply.ErrorFound, reply.ErrorMessage = true, "Faculty semester is not the proccesed one"
		return reply
	}
	for _, wanted := range request.Programs {
		granted := wire.GrantedProgram{ID: wanted.ID, Name: wanted.Name, RequestedClassrooms: wanted.Classrooms,
			RequestedLabs: wanted.Labs, StatusMessage: "OK"}
		granted.MobileLabs = min(max(0, wanted.Labs-*labs), *classrooms)
		granted.Labs = min(wanted.Labs, *labs)
		granted.Classrooms = min(wanted.Classrooms, *classrooms-granted.MobileLabs)
		*classrooms -= granted.Classrooms + granted.MobileLabs
		*labs -= granted.Labs
		if granted.Classrooms < wanted.Classrooms || granted.Labs+granted.MobileLabs < wanted.Labs {
			granted.StatusMessage = "NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT"
		}
		reply.Programs = append(reply.Programs, granted)
	}
	return reply
}
