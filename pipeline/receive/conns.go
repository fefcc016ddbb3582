package receive

import (
	"container/list"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	maxConnections = 8192 // open in all
	maxPerAddress  = 512  // open from one address, or from one /64 of IPv6, which is what one customer has
	spareFiles     = 256  // file descriptors for the store, the keys and the log
)

// Connections limits the open connections of a listener, in all and from each address. A
// new connection never waits: if there are too many, the one that has been idle longest is
// closed, of the same address first. A connection with a verified callback is never closed,
// so strangers only push out each other.
type Connections struct {
	Max, PerAddress int            // maximum numbers; 0 for the defaults. Max is lowered to what file descriptors allow
	Trusted         []netip.Prefix // proxies, whose address is that of all their clients: PerAddress does not apply
}

// conns is a listener with Connections as its limits.
type conns struct {
	net.Listener
	limits Connections
	open   prometheus.Gauge // nil if not counted
	closed *prometheus.CounterVec

	mu     sync.Mutex
	all    crowd
	crowds map[netip.Prefix]*crowd // by address
}

// crowd is the connections that share a limit.
type crowd struct {
	open int
	idle list.List // of *conn, idle longest first
}

// conn is one open connection.
type conn struct {
	net.Conn
	of   *conns
	from netip.Prefix
	own  *crowd // of its address; nil if that has no limit

	inAll, inOwn *list.Element // in the idle lists; nil while it serves a verified callback
	gone         bool
}

// Limit returns the listener with limited connections.
func (c Connections) Limit(l net.Listener) net.Listener { return newConns(c, l) }

func newConns(limits Connections, l net.Listener) *conns {
	if limits.Max == 0 {
		limits.Max = maxConnections
	}
	if files := maxFiles(); files > 0 {
		limits.Max = max(min(limits.Max, files-spareFiles), 1)
	}
	if limits.PerAddress == 0 {
		limits.PerAddress = maxPerAddress
	}
	return &conns{Listener: l, limits: limits, crowds: make(map[netip.Prefix]*crowd)}
}

// Accept implements net.Listener.
func (c *conns) Accept() (net.Conn, error) {
	for {
		accepted, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if one := c.admit(accepted); one != nil {
			return one, nil
		}
		_ = accepted.Close() // all others serve verified callbacks
	}
}

// admit makes room for a connection and counts it, or returns nil if there is no room.
func (c *conns) admit(accepted net.Conn) *conn {
	one := &conn{Conn: accepted, of: c, from: c.limitedPrefix(accepted.RemoteAddr())}
	c.mu.Lock()
	closing, ok := c.makeRoom(one)
	if ok {
		c.enter(one)
	}
	c.mu.Unlock()
	if closing != nil {
		_ = closing.Conn.Close() // its reader gets an error and closes it as well
	}
	if !ok {
		return nil
	}
	return one
}

// makeRoom removes the connection that has to be closed for a new one, if any.
func (c *conns) makeRoom(one *conn) (closing *conn, ok bool) {
	own := c.crowds[one.from]
	switch {
	case own != nil && own.open >= c.limits.PerAddress:
		closing = own.idlest()
		c.count("address")
	case c.all.open >= c.limits.Max:
		closing = c.all.idlest()
		c.count("all")
	default:
		return nil, true
	}
	if closing != nil {
		c.leave(closing)
	}
	return closing, closing != nil
}

func (c *conns) enter(one *conn) {
	if one.from.IsValid() {
		if c.crowds[one.from] == nil {
			c.crowds[one.from] = new(crowd)
		}
		one.own = c.crowds[one.from]
		one.own.open++
	}
	c.all.open++
	c.gauge()
	one.setIdle()
}

func (c *conns) leave(one *conn) {
	if one.gone {
		return
	}
	one.gone = true
	one.setBusy()
	c.all.open--
	if one.own != nil {
		if one.own.open--; one.own.open == 0 {
			delete(c.crowds, one.from)
		}
	}
	c.gauge()
}

func (c *conns) gauge() {
	if c.open != nil {
		c.open.Set(float64(c.all.open))
	}
}

func (c *conns) count(bound string) {
	if c.closed != nil {
		c.closed.WithLabelValues(bound).Inc()
	}
}

// idlest returns the connection that has been idle longest, or nil.
func (c *crowd) idlest() *conn {
	if e := c.idle.Front(); e != nil {
		return e.Value.(*conn)
	}
	return nil
}

// limitedPrefix returns the prefix by which connections from the address are counted. It is
// not valid for a trusted proxy and for anything but TCP.
func (c *conns) limitedPrefix(addr net.Addr) netip.Prefix {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	for _, p := range c.limits.Trusted {
		if p.Contains(ip) {
			return netip.Prefix{}
		}
	}
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	prefix, _ := ip.Prefix(bits) // no error, as the address is valid
	return prefix
}

// setIdle and setBusy add the connection to, and remove it from, those that may be closed.
func (o *conn) setIdle() {
	o.inAll = o.of.all.idle.PushBack(o)
	if o.own != nil {
		o.inOwn = o.own.idle.PushBack(o)
	}
}

func (o *conn) setBusy() {
	if o.inAll != nil {
		o.of.all.idle.Remove(o.inAll)
	}
	if o.inOwn != nil {
		o.own.idle.Remove(o.inOwn)
	}
	o.inAll, o.inOwn = nil, nil
}

// protect keeps the connection open until release, as its callback is verified.
func (o *conn) protect() {
	if o == nil {
		return
	}
	o.of.mu.Lock()
	defer o.of.mu.Unlock()
	o.setBusy()
}

// release ends the protection, if any. The connection is then the last to be closed.
func (o *conn) release() {
	if o == nil {
		return
	}
	o.of.mu.Lock()
	defer o.of.mu.Unlock()
	if !o.gone && o.inAll == nil {
		o.setIdle()
	}
}

// crowded reports whether over three quarters of the allowed connections are open, in all
// or from this one's address. Connections are then closed after their answer.
func (o *conn) crowded() bool {
	if o == nil {
		return false
	}
	o.of.mu.Lock()
	defer o.of.mu.Unlock()
	near := func(open, limit int) bool { return open*4 > limit*3 }
	return near(o.of.all.open, o.of.limits.Max) || o.own != nil && near(o.own.open, o.of.limits.PerAddress)
}

// Close implements net.Conn.
func (o *conn) Close() error {
	o.of.mu.Lock()
	o.of.leave(o)
	o.of.mu.Unlock()
	return o.Conn.Close()
}

type connKey struct{}

// withConn is the ConnContext of the server.
func withConn(ctx context.Context, c net.Conn) context.Context {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	return context.WithValue(ctx, connKey{}, c)
}

// connOf returns the connection of a request, or nil.
func connOf(q *http.Request) *conn {
	one, _ := q.Context().Value(connKey{}).(*conn)
	return one
}
