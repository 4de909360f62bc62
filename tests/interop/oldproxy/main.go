// oldproxy stands between faculties and servers as the old reverse proxy does: servers register by TCP, the first is
// active and the others wait; requests go on as `[body, uuid]` over one DEALER and must come back as `[body, uuid]`.
package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/go-zeromq/zmq4"

	"dti/interop/wire"
)

const (
	healthEvery = 200 * time.Millisecond
	healthLimit = 2 * time.Second
)

func main() {
	registered := make(chan string, 16)
	listenForServers(registered)

	faculties := zmq4.NewRouter(context.Background())
	wire.Listen(faculties, "READY", 0)
	requests := receive(faculties)

	for server := range registered {
		serve(server, faculties, requests)
	}
}

// listenForServers takes registrations: the server's port and a newline, answered by `OK`.
func listenForServers(registered chan<- string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	wire.Must(err)
	fmt.Printf("REGISTRATION %s\n", listener.Addr())
	go func() {
		for {
			connection, err := listener.Accept()
			wire.Must(err)
			port, err := bufio.NewReader(connection).ReadString('\n')
			wire.Must(err)
			host, _, err := net.SplitHostPort(connection.RemoteAddr().String())
			wire.Must(err)
			fmt.Fprint(connection, "OK\n")
			connection.Close()
			registered <- net.JoinHostPort(host, strings.TrimSpace(port))
		}
	}()
}

func receive(socket zmq4.Socket) <-chan [][]byte {
	messages := make(chan [][]byte, 16)
	go func() {
		defer close(messages)
		for {
			message, err := socket.Recv()
			if err != nil {
				return
			}
			messages <- message.Frames
		}
	}()
	return messages
}

// serve forwards to one server, until it no longer answers health checks.
func serve(server string, faculties zmq4.Socket, requests <-chan [][]byte) {
	dealer := zmq4.NewDealer(context.Background(), zmq4.WithDialerMaxRetries(0))
	defer dealer.Close()
	if err := dealer.Dial("tcp://" + server); err != nil {
		return
	}
	fmt.Printf("ACTIVE %s\n", server)
	replies := receive(dealer)
	waiting := map[string][]byte{}
	healthyAt, healthSeen := time.Now(), false
	health := time.NewTicker(healthEvery)
	defer health.Stop()
	for {
		select {
		case <-health.C:
			if time.Since(healthyAt) > healthLimit || dealer.Send(zmq4.NewMsg(wire.HealthCheck)) != nil {
				return
			}
		case frames := <-requests:
			id := wire.NewID()
			waiting[id] = frames[0]
			wire.Must(dealer.SendMulti(zmq4.NewMsgFrom(frames[len(frames)-1], []byte(id))))
		case frames, open := <-replies:
			if !open {
				return
			}
			if len(frames) == 1 && string(frames[0]) == string(wire.Healthy) {
				healthyAt = time.Now()
				if !healthSeen {
					healthSeen = true
					fmt.Printf("HEALTHY %s\n", server)
				}
				continue
			}
			if len(frames) != 2 || len(frames[0]) == 0 {
				fmt.Fprintf(os.Stderr, "a reply that is not [body, uuid]: %q\n", frames)
				os.Exit(1)
			}
			peer, waits := waiting[string(frames[1])]
			if !waits {
				fmt.Fprintf(os.Stderr, "a reply to nobody: %q\n", frames)
				os.Exit(1)
			}
			delete(waiting, string(frames[1]))
			wire.Must(faculties.SendMulti(zmq4.NewMsgFrom(peer, frames[0])))
		}
	}
}
