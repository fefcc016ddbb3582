package lake

import (
	"context"
	"errors"
	"fmt"
	"io"

	"billwalk/schema"
	"billwalk/sinks/object"
)

// ReportFiles are the files of a report of the days From to To, both included.
type ReportFiles struct {
	Job            string
	From, To       schema.Day
	Page, Workbook io.ReadSeeker
}

// reportTries is how often the page is written over that of another run.
const reportTries = 10

// lastDay is the metadata of a report's page.
const lastDay = "last-day"

// PutReport stores a report, in place of an earlier one of the same days, and returns the key
// of its page. Unless there is one of later days, it becomes the latest of the job as well.
//
// Of two at once, page and workbook that stay are of the same one. A kill between both leaves
// a new workbook beside the old page until the next report; each says when it was made.
func (l *Lake) PutReport(ctx context.Context, r ReportFiles) (key string, err error) {
	key = reportKey(r.Job, r.From, r.To)
	if err := l.putReport(ctx, key, r); err != nil {
		return "", err
	}
	latest := LatestReport(r.Job)
	info, err := l.store.Head(ctx, latest)
	if err != nil && !errors.Is(err, object.ErrNotFound) {
		return "", fmt.Errorf("%s: %w", latest, err)
	}
	if info.Meta[lastDay] > r.To.String() {
		return key, nil
	}
	return key, l.putReport(ctx, latest, r)
}

// putReport stores the workbook and then the page, which belongs to whoever wrote the workbook
// last: the others leave it.
func (l *Lake) putReport(ctx context.Context, page string, r ReportFiles) error {
	workbook := workbookKey(page)
	written, err := object.PutKnown(ctx, l.store, workbook, r.Workbook, object.Always(), nil)
	if err != nil {
		return fmt.Errorf("%s: %w", workbook, err)
	}
	for range reportTries {
		cond := object.IfAbsent()
		old, err := l.store.Head(ctx, page)
		if err == nil {
			cond = object.IfMatch(old.ETag)
		} else if !errors.Is(err, object.ErrNotFound) {
			return fmt.Errorf("%s: %w", page, err)
		}
		now, err := l.store.Head(ctx, workbook)
		if err != nil {
			return fmt.Errorf("%s: %w", workbook, err)
		}
		if now.ETag != written.ETag {
			return nil
		}
		_, err = object.PutKnown(ctx, l.store, page, r.Page, cond, map[string]string{lastDay: r.To.String()})
		if err == nil || !errors.Is(err, object.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("%s: other runs keep writing it: %w", page, object.ErrConflict)
}
