// Package schema defines the data: money, days, ids, units of work, the archived answers,
// and the tables that billwalk publishes. pipeline fills these types, sinks store them.
// The package imports no other package of billwalk, does no I/O and makes no calls.
// Of the APIs it knows the names of fields and of the settle query's parameters.
//
// [Tables] lists the tables. Each is in a file of its own: the row type and, for every
// column, the name, the documentation and the field of the row. [Verdicts], [Reasons] and
// [Rules] list the values that reconciliation and exceptions use, with their meanings.
package schema
