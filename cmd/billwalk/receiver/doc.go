// Package receiver proves that no callback which was acknowledged is lost, whatever the
// store, the network, strangers and SIGKILL do to the receiver, and that its memory and
// its connections stay bounded.
//
//	go test ./cmd/billwalk/receiver
//	BILLWALK_DEEP=1 go test ./cmd/billwalk/receiver                                   more kills and nights of trouble
//	BILLWALK_SOAK=1h go test ./cmd/billwalk/receiver -run TestReceiverSoak -v -timeout 2h
package receiver
