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
	mostConnections = 8192 // open ones, in all
	mostOfAddress   = 512  // of one address; of IPv6, of one /64, which is what one customer has
	spareFiles      = 256  // file descriptors for the store, the keys and the log
)

// Connections bounds the open connections of a listener, in all and of each address. It
// never lets a new one wait: one too many makes it close that which has waited longest, of
// the same address first, for as long as it served no callback that is verified. So strangers
// push out each other, and not who sends, is verified and is answered.
type Connections struct {
	Most, OfAddress int            // 0: the defaults, in as far as there are file descriptors
	Trusted         []netip.Prefix // proxies: all of their clients have their address, which has no bound of its own
}

// conns are Connections in use.
type conns struct {
	net.Listener
	limits Connections
	open   prometheus.Gauge // nil: not counted
	closed *prometheus.CounterVec

	mu     sync.Mutex
	all    crowd
	crowds map[netip.Prefix]*crowd // by address
}

// crowd is the connections that share a bound.
type crowd struct {
	open    int
	waiting list.List // of *conn, who waits longest first
}

// conn is one open connection.
type conn struct {
	net.Conn
	of   *conns
	from netip.Prefix
	own  *crowd // of its address; nil where that has no bound

	inAll, inOwn *list.Element // nil while it serves a verified callback
	gone         bool
}

// Limit bounds the connections of a listener.
func (c Connections) Limit(l net.Listener) net.Listener { return newConns(c, l) }

func newConns(limits Connections, l net.Listener) *conns {
	if limits.Most == 0 {
		limits.Most = mostConnections
	}
	if files := mostFiles(); files > 0 {
		limits.Most = max(min(limits.Most, files-spareFiles), 1)
	}
	if limits.OfAddress == 0 {
		limits.OfAddress = mostOfAddress
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

// admit makes room for a connection and counts it; nil where there is no room.
func (c *conns) admit(accepted net.Conn) *conn {
	one := &conn{Conn: accepted, of: c, from: c.boundOf(accepted.RemoteAddr())}
	c.mu.Lock()
	closing, ok := c.makeRoom(one)
	if ok {
		c.enter(one)
	}
	c.mu.Unlock()
	if closing != nil {
		_ = closing.Conn.Close() // whoever reads from it finds out, and closes it as well
	}
	if !ok {
		return nil
	}
	return one
}

// makeRoom takes out the connection that has to go for a new one, if any has to.
func (c *conns) makeRoom(one *conn) (closing *conn, ok bool) {
	own := c.crowds[one.from]
	switch {
	case own != nil && own.open >= c.limits.OfAddress:
		closing = own.first()
		c.count("address")
	case c.all.open >= c.limits.Most:
		closing = c.all.first()
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
	one.wait()
}

func (c *conns) leave(one *conn) {
	if one.gone {
		return
	}
	one.gone = true
	one.stopWaiting()
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

// first returns the connection that has waited longest, or nil.
func (c *crowd) first() *conn {
	if e := c.waiting.Front(); e != nil {
		return e.Value.(*conn)
	}
	return nil
}

// boundOf returns the address for which connections are counted; none for a proxy, and for
// what is no address.
func (c *conns) boundOf(addr net.Addr) netip.Prefix {
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
	prefix, _ := ip.Prefix(bits) // of an address that is valid
	return prefix
}

// wait and stopWaiting move the connection into and out of those that may be closed.
func (o *conn) wait() {
	o.inAll = o.of.all.waiting.PushBack(o)
	if o.own != nil {
		o.inOwn = o.own.waiting.PushBack(o)
	}
}

func (o *conn) stopWaiting() {
	if o.inAll != nil {
		o.of.all.waiting.Remove(o.inAll)
	}
	if o.inOwn != nil {
		o.own.waiting.Remove(o.inOwn)
	}
	o.inAll, o.inOwn = nil, nil
}

// hold keeps the connection open until yield: what it sent is verified.
func (o *conn) hold() {
	if o == nil {
		return
	}
	o.of.mu.Lock()
	defer o.of.mu.Unlock()
	o.stopWaiting()
}

// yield ends hold, if there was one. It is then the last to be closed.
func (o *conn) yield() {
	if o == nil {
		return
	}
	o.of.mu.Lock()
	defer o.of.mu.Unlock()
	if !o.gone && o.inAll == nil {
		o.wait()
	}
}

// crowded says that there are nearly as many connections as may be, in all or of this
// one's address: whoever has been answered then has to go.
func (o *conn) crowded() bool {
	if o == nil {
		return false
	}
	o.of.mu.Lock()
	defer o.of.mu.Unlock()
	near := func(open, most int) bool { return open*4 > most*3 }
	return near(o.of.all.open, o.of.limits.Most) || o.own != nil && near(o.own.open, o.of.limits.OfAddress)
}

// Close implements net.Conn.
func (o *conn) Close() error {
	o.of.mu.Lock()
	o.of.leave(o)
	o.of.mu.Unlock()
	return o.Conn.Close()
}

type connKey struct{}

// withConn is an http.Server's ConnContext.
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
