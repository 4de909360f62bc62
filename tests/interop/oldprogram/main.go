// oldprogram asks a faculty for rooms over a REQ socket, as the old `program` does: it waits for ever, takes a body that
// stands alone once REQ has removed one frame before it, and dies of any other split.
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
	name := flag.String("name", "", "the program")
	semester := flag.String("semester", "", "the semester")
	classrooms := flag.Int("classrooms", 0, "classrooms wanted")
	labs := flag.Int("labs", 0, "labs wanted")
	server := flag.String("faculty-server", "", "host:port of the faculty")
	flag.Parse()

	socket := zmq4.NewReq(context.Background())
	wire.Must(socket.Dial("tcp://" + *server))
	wire.Must(socket.Send(zmq4.NewMsg(wire.Encode(wire.RoomRequest{
		ProgramName: *name, Semester: *semester, Classrooms: *classrooms, Labs: *labs, ClientID: wire.NewID()}))))

	message, err := socket.Recv()
	wire.Must(err)
	if len(message.Frames) != 1 {
		fmt.Fprintf(os.Stderr, "a reply of %d frames: %q\n", len(message.Frames), message.Frames)
		os.Exit(1)
	}
	var answer wire.RoomAnswer
	wire.Must(json.Unmarshal(message.Frames[0], &answer))
	fmt.Printf("%s\n", wire.Encode(answer))
}
