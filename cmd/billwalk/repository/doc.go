// Package repository tests the repository itself: who may import what, that no large
// cycle of files grows, that the documents and deploy/ say what the program does, and,
// with seeded bugs, that the tests notice them.
//
//	go test ./cmd/billwalk/repository
//	BILLWALK_DEEP=1 go test ./cmd/billwalk/repository -run TestRuleMutants -timeout 3h
package repository
