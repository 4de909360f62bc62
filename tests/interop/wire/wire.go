// Package wire holds the messages of docs/protocol.md as the old peers know them, and what all of them need.
package wire

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"

	"github.com/go-zeromq/zmq4"
)

// RoomRequest is what a program asks of its faculty.
type RoomRequest struct {
	ProgramName string `json:"program-name"`
	Semester    string `json:"semester"`
	Classrooms  int    `json:"classrooms"`
	Labs        int    `json:"labs"`
	ClientID    string `json:"client-id,omitempty"`
}

// RoomAnswer is what a faculty tells its program. Labs exclude mobile labs.
type RoomAnswer struct {
	Status     string `json:"status"`
	Classrooms int    `json:"classrooms-assigned"`
	Labs       int    `json:"labs-assigned"`
	MobileLabs int    `json:"mobile-labs-assigned"`
}

// WantedProgram is one program's part of a faculty's request. ID is new for each.
type WantedProgram struct {
	ID         string `json:"program-id"`
	Name       string `json:"program-name"`
	Classrooms int    `json:"classrooms"`
	Labs       int    `json:"labs"`
}

// Request is what a faculty asks of a server, or a health check.
type Request struct {
	Semester    string          `json:"semester"`
	FacultyName string          `json:"faculty-name"`
	Programs    []WantedProgram `json:"programs"`
	HealthCheck bool            `json:"health-check,omitempty"`
}

// GrantedProgram is one program's part of a server's reply.
type GrantedProgram struct {
	ID                  string `json:"program-id"`
	Name                string `json:"program-name"`
	RequestedClassrooms int    `json:"requested-classrooms"`
	RequestedLabs       int    `json:"requested-labs"`
	Classrooms          int    `json:"classrooms"`
	Labs                int    `json:"labs"`
	MobileLabs          int    `json:"mobile-labs"`
	StatusMessage       string `json:"status-message"`
}

// Reply is what a server answers.
type Reply struct {
	Semester     string           `json:"semester"`
	ErrorFound   bool             `json:"error-found"`
	ErrorMessage string           `json:"error-message"`
	Programs     []GrantedProgram `json:"programs"`
}

// HealthCheck is the request whose answer is the one byte Healthy.
var HealthCheck = []byte(`{"health-check":true}`)

// Healthy answers a health check.
var Healthy = []byte{1}

// NewID makes a random UUID.
func NewID() string {
	var b [16]byte
	Must(errOf(rand.Read(b[:])))
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Encode turns a message into the bytes of a frame.
func Encode(message any) []byte {
	body, err := json.Marshal(message)
	Must(err)
	return body
}

// Must ends the process as the old peers do on any surprise: at once, with exit status 1.
func Must(err error) {
	if err != nil {
		log.Print(err)
		os.Exit(1)
	}
}

// Listen binds the socket to 127.0.0.1 on the port (0: any) and says so on stdout under the given word.
func Listen(socket zmq4.Socket, word string, port int) {
	Must(socket.Listen(fmt.Sprintf("tcp://127.0.0.1:%d", port)))
	fmt.Printf("%s tcp://127.0.0.1:%d\n", word, socket.Addr().(*net.TCPAddr).Port)
}

func errOf(_ int, err error) error { return err }
