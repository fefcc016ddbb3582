package parquet

import "os"

// output stands between the encoder and the file. From the first error on, and
// once the file is given up, it drops what it is handed and reports no error: the
// encoder does not give its memory back after a failed write, so it must not see
// one. The Writer looks at err instead.
type output struct {
	file *os.File
	err  error
}

func (o *output) Write(p []byte) (int, error) {
	if o.err == nil {
		_, o.err = o.file.Write(p)
	}
	return len(p), nil
}
