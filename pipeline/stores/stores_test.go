package stores

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// listed is a platform that answers each call with the next page, and an archive in memory.
type listed struct {
	pages   []string // "total: poi poi"
	calls   int
	answers []schema.Answer
	batches int
	proof   *schema.Listing
}

func (l *listed) Stores(_ context.Context, u schema.Unit, page, _ int) (a normalise.StoresAnswer, err error) {
	total, ids, _ := strings.Cut(l.pages[l.calls], ":")
	l.calls++
	var pois []string
	for id := range strings.FieldsSeq(ids) {
		pois = append(pois, fmt.Sprintf(`{"poi":{"poi_id":%s,"poi_name":"店%s"},"account":{"poi_account":{"account_id":"9%[1]s","account_name":null}}}`, id, id))
	}
	body := fmt.Sprintf(`{"data":{"pois":[%s],"total":%s},"extra":{"error_code":0}}`, strings.Join(pois, ","), total)
	a.Answer = schema.Answer{Account: u.Account.ID, Day: u.Day, Page: page, Cursor: fmt.Sprint(page), FetchedAt: time.Unix(int64(page), 0).UTC(), Body: []byte(body)}
	a.Decoded, err = normalise.ReadStores(a.Body)
	return a, err
}

func (l *listed) Encode(to []byte, a schema.Answer) ([]byte, error) {
	l.answers = append(l.answers, a)
	return append(to, a.Body...), nil
}

func (l *listed) AppendStores(context.Context, schema.Unit, string, int, []byte) error {
	l.batches++
	return nil
}

func (l *listed) CertifyStores(_ context.Context, proof *schema.Listing) error {
	l.proof = proof
	return nil
}

type archived struct{ *listed }

func (a archived) Stores(context.Context, schema.Unit) (*schema.Listing, error) { return a.proof, nil }

func (a archived) StoreAnswers(_ context.Context, _ schema.Unit, walk string) iter.Seq2[schema.Answer, error] {
	return func(yield func(schema.Answer, error) bool) {
		for _, answer := range a.answers {
			if answer.Walk == walk && !yield(answer, nil) {
				return
			}
		}
	}
}

// TestList: a list is whole if it has as many stores as every page states, and none twice. One
// that changes is read again, three times in all, and is never proved.
func TestList(t *testing.T) {
	t.Parallel()
	u := schema.Unit{Account: schema.Account{ID: "7", Root: true}, Day: 20777}
	for _, test := range []struct {
		name  string
		pages []string
		rows  string // poi_id@account_id; empty for an error
	}{
		{"one page", []string{"2: 1 2"}, "1@91 2@92"},
		{"three pages, of which the second is short", []string{"4: 1 2", "4: 3", "4: 4"}, "1@91 2@92 3@93 4@94"},
		{"a store twice, then whole", []string{"3: 1 2", "3: 2", "3: 1 2 3"}, "1@91 2@92 3@93"},
		{"another total, then whole", []string{"3: 1 2", "4: 3", "2: 1 2"}, "1@91 2@92"},
		{"always changing", []string{"1: 1 2", "1: 1 2", "1: 1 2"}, ""},
		{"an empty page too early", []string{"2: 1", "2:", "2: 1", "2:", "2: 1", "2:"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			platform := &listed{pages: test.pages}
			l := &Lister{Source: platform, Archive: archived{platform}, RunID: "run", Now: func() time.Time { return time.Unix(0, 0) }, Log: slog.New(slog.NewTextHandler(new(bytes.Buffer), nil))}
			proof, err := l.List(t.Context(), u)
			if test.rows == "" {
				if err == nil || platform.proof != nil || schema.ErrorCodeOf(err) == "" && !errors.As(err, new(*schema.UnitError)) {
					t.Fatalf("%v, proved %+v", err, platform.proof)
				}
				return
			}
			if err != nil || platform.calls != len(test.pages) {
				t.Fatalf("%d calls, %v", platform.calls, err)
			}
			rows, err := Rows(t.Context(), archived{platform}, proof)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range rows {
				got = append(got, r.PoiID.V+"@"+r.AccountID)
				if r.RootAccountID != schema.Some(u.Account.ID) || r.AccountName.Valid || r.PoiName.V != "店"+r.PoiID.V {
					t.Errorf("%+v", r)
				}
			}
			if diff := cmp.Diff(test.rows, strings.Join(got, " ")); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if again, err := l.List(t.Context(), u); err != nil || again != proof || platform.calls != len(test.pages) {
				t.Errorf("the same day again: %d calls, %v", platform.calls, err)
			}
			platform.answers[len(platform.answers)-1].Body = []byte(`{}`)
			if _, err := Rows(t.Context(), archived{platform}, proof); schema.FailureOf(err, u).Error != schema.CodeDamaged {
				t.Errorf("a changed answer: %v", err)
			}
		})
	}
}
