package settle

// slots limit the queries in flight. One that fails leaves its slot, and is repeated outside.
// Their goroutines are used again, as each stack has to grow for its first call over HTTP.
type slots struct {
	taken chan struct{}
	next  chan func() // to a goroutine that has ended a query
}

func newSlots(n int) slots { return slots{make(chan struct{}, n), make(chan func())} }

func (s slots) count() int { return cap(s.taken) }

// run waits for a slot, and calls query in another goroutine. Query leaves the slot.
func (s slots) run(query func()) {
	s.taken <- struct{}{}
	select {
	case s.next <- query:
	default:
		go func() {
			query()
			for query := range s.next {
				query()
			}
		}()
	}
}

func (s slots) leave() { <-s.taken }

// close ends the goroutines. All queries have ended.
func (s slots) close() { close(s.next) }
