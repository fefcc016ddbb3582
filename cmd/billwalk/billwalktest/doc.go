// Package billwalktest is what the suites of the whole program share: the tests' clock
// and days, a job's jobs.yaml, a simulated platform that is served, lakes on disk and on
// an S3 server, running the program in this process or in one of its own, and reading
// with DuckDB what it published. It is for tests, and imports nothing of the command line.
package billwalktest
