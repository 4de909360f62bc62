// oldproxy stands between faculties and servers as the old reverse proxy does: servers register by TCP, the first is
// active and the others wait; requests go on as `[body, uuid]` over one DEALER and must come back as `[body, uuid]`.
//
// It shares the weakness of the old one. Requests and health checks go to the newest connection, but answers are read
// from one connection until that one breaks or delivers something: nothing else makes the reader look for a newer one.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"

	"dti/interop/wire"
)

// The old proxy waits 5 s for the answer to a health check, always, and by default as long between two.
var (
	healthEvery = flag.Duration("health-every", time.Second, "between two health checks")
	healthLimit = flag.Duration("health-limit", 5*time.Second, "for the answer to one")
)

var errNotConnected = errors.New("not connected to a server")

func main() {
	flag.Parse()
	p := &proxy{waiting: map[string][]byte{}, healthy: make(chan bool)}
	isFirst := p.listenForServers()
	p.faculties = zmq4.NewRouter(context.Background())
	wire.Listen(p.faculties, "READY", 0)
	<-isFirst
	p.connect()
	go p.checkHealth()
	go p.forwardRequests()
	p.forwardAnswers()
}

type proxy struct {
	faculties zmq4.Socket
	healthy   chan bool // an answer to a health check

	sending sync.Mutex // held while it connects: nothing is sent then

	mu         sync.Mutex
	registered []string // servers that wait for their turn
	active     string
	server     zmq4.Socket       // the newest connection; nil: it broke
	waiting    map[string][]byte // uuid -> the faculty's routing id
}

// listenForServers takes registrations: the server's port and a newline, answered by `OK`.
func (p *proxy) listenForServers() <-chan bool {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	wire.Must(err)
	fmt.Printf("REGISTRATION %s\n", listener.Addr())
	first := make(chan bool, 1)
	go func() {
		for {
			connection, err := listener.Accept()
			wire.Must(err)
			port, err := bufio.NewReader(connection).ReadString('\n')
			wire.Must(err)
			host, _, err := net.SplitHostPort(connection.RemoteAddr().String())
			wire.Must(err)
			p.mu.Lock()
			p.registered = append(p.registered, net.JoinHostPort(host, strings.TrimSpace(port)))
			p.mu.Unlock()
			fmt.Fprint(connection, "OK\n")
			connection.Close()
			select {
			case first <- true:
			default:
			}
		}
	}()
	return first
}

// connect opens a new connection, to the next server that registered or else to the active one, and tries without end.
// The connection before it stays open.
func (p *proxy) connect() {
	server := zmq4.NewDealer(context.Background(), zmq4.WithAutomaticReconnect(true))
	p.mu.Lock()
	p.server = server
	p.mu.Unlock()
	p.sending.Lock()
	defer p.sending.Unlock()
	for {
		p.mu.Lock()
		if len(p.registered) > 0 {
			p.active, p.registered = p.registered[0], p.registered[1:]
		}
		active := p.active
		p.mu.Unlock()
		if server.Dial("tcp://"+active) == nil {
			fmt.Printf("ACTIVE %s\n", active)
			return
		}
	}
}

func (p *proxy) current() zmq4.Socket {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.server
}

func (p *proxy) send(message zmq4.Msg) error {
	p.sending.Lock()
	defer p.sending.Unlock()
	if server := p.current(); server != nil {
		return server.SendMulti(message)
	}
	return errNotConnected
}

// checkHealth connects again if a check is not answered in time, or if the connection broke.
func (p *proxy) checkHealth() {
	for range time.Tick(*healthEvery) {
		if p.current() == nil {
			p.connect()
			continue
		}
		if p.send(zmq4.NewMsgFrom(wire.HealthCheck)) != nil {
			continue
		}
		select {
		case <-p.healthy:
			p.mu.Lock()
			fmt.Printf("HEALTHY %s\n", p.active)
			p.mu.Unlock()
		case <-time.After(*healthLimit):
			p.connect()
		}
	}
}

// forwardRequests drops those for which there is no connection.
func (p *proxy) forwardRequests() {
	for {
		message, err := p.faculties.Recv()
		if err != nil {
			continue
		}
		id := wire.NewID()
		p.mu.Lock()
		p.waiting[id] = message.Frames[0]
		p.mu.Unlock()
		_ = p.send(zmq4.NewMsgFrom(message.Frames[len(message.Frames)-1], []byte(id)))
	}
}

func (p *proxy) forwardAnswers() {
	for {
		server := p.current()
		if server == nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		message, err := server.Recv()
		if err != nil {
			p.mu.Lock()
			p.server = nil
			p.mu.Unlock()
			continue
		}
		p.forwardAnswer(message.Frames)
	}
}

func (p *proxy) forwardAnswer(frames [][]byte) {
	if len(frames) == 1 && string(frames[0]) == string(wire.Healthy) {
		p.healthy <- true
		return
	}
	if len(frames) != 2 || len(frames[0]) == 0 {
		fmt.Fprintf(os.Stderr, "a reply that is not [body, uuid]: %q\n", frames)
		os.Exit(1)
	}
	p.mu.Lock()
	faculty, waits := p.waiting[string(frames[1])]
	delete(p.waiting, string(frames[1]))
	p.mu.Unlock()
	if !waits {
		fmt.Fprintf(os.Stderr, "a reply to nobody: %q\n", frames)
		os.Exit(1)
	}
	wire.Must(p.faculties.SendMulti(zmq4.NewMsgFrom(faculty, frames[0])))
}
