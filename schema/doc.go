// Package schema says what the data is: money, days, ids, units of work, API
// answers, and the tables that billwalk publishes. It imports nothing of ours,
// does no I/O and knows no API; pipeline fills these types, sinks write them out.
package schema
