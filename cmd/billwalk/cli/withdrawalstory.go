package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"billwalk/schema"
)

// withdrawalStory is what the lake has of one withdrawal. Amounts are in fen, null where they
// are unknown.
type withdrawalStory struct {
	WithdrawID string                 `json:"withdraw_id"`
	Job        string                 `json:"job"`
	Day        schema.Day             `json:"launch_date"`
	Account    schema.AccountID       `json:"account_id"`
	Verdict    schema.WithdrawVerdict `json:"verdict"`
	Status     string                 `json:"status,omitempty"` // as received
	Amount     *schema.Fen            `json:"amount_fen"`
	BillRows   *int64                 `json:"bill_rows"`
	BillsTotal *schema.Fen            `json:"bills_fen"`
	Diff       *schema.Fen            `json:"diff_fen"`
	Launched   *time.Time             `json:"launch_time"`
	Paid       *time.Time             `json:"withdraw_time"`
	Message    string                 `json:"withdraw_msg,omitempty"`
	Bank       string                 `json:"settle_account,omitempty"` // masked
	LogID      string                 `json:"logid,omitempty"`
	Source     string                 `json:"archive_key"`
	Bills      []storyWithdrawnBill   `json:"bills"`
	Exceptions []storyException       `json:"exceptions"`

	names accountNames
}

// storyWithdrawnBill is a bill that a withdrawal pays.
type storyWithdrawnBill struct {
	LedgerID   string      `json:"ledger_id"`
	SettleType *int32      `json:"settle_type"`
	BilledOn   string      `json:"billed_on,omitempty"` // empty where no published day has it
	Amount     *schema.Fen `json:"amount_fen"`
	InBills    bool        `json:"in_bills"`
}

// explainWithdrawal tells what is known of a withdrawal, if the days have one of the id.
func (p *program) explainWithdrawal(ctx context.Context, w *wired, id, language string) (found bool, err error) {
	s, err := readWithdrawal(ctx, w, id)
	if err != nil {
		return false, cut(ctx, err)
	}
	if s == nil {
		return false, nil
	}
	if p.output == "json" {
		err = p.printJSON(s)
	} else {
		err = s.print(p.out, language)
	}
	if err != nil {
		return true, failed(err)
	}
	return true, nil
}

// readWithdrawal reads the withdrawal of an id on the run's days, or returns nil.
func readWithdrawal(ctx context.Context, w *wired, id string) (s *withdrawalStory, err error) {
	days := w.run.Days()
	for i := len(days) - 1; i >= 0 && s == nil; i-- { // the latest is asked for most
		for bucket := range w.run.Buckets {
			at := schema.Partition{Day: days[i], Bucket: bucket}
			err := readWithdrawals(ctx, w.lake, at, func(row *schema.Withdrawal) error {
				if row.WithdrawID == id {
					s = storyOfWithdrawal(at.Day, row)
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
			if s != nil {
				s.Job = w.run.Job
				return s, errors.Join(s.readName(ctx, w, days), s.readBills(ctx, w, at))
			}
		}
	}
	return nil, nil
}

// readName finds the payee's name, in the configuration or in the newest list of stores that has it.
func (s *withdrawalStory) readName(ctx context.Context, w *wired, days []schema.Day) error {
	s.names = namesOf(w.run.Accounts)
	buckets := schema.BucketsOf(w.run.Accounts, w.run.Buckets)
	for i := len(days) - 1; i >= 0 && s.names[s.Account] == ""; i-- {
		if err := s.names.addStores(ctx, w.lake, days[i], buckets); err != nil {
			return err
		}
	}
	return nil
}

func storyOfWithdrawal(day schema.Day, w *schema.Withdrawal) *withdrawalStory {
	return &withdrawalStory{
		WithdrawID: w.WithdrawID, Day: day, Account: schema.AccountID(w.AccountID), Verdict: w.Verdict, Status: w.Status.V, Amount: known(w.Amount), BillRows: known(w.BillRows),
		BillsTotal: known(w.BillsTotal), Diff: known(w.Diff), Launched: known(w.LaunchTime), Paid: known(w.WithdrawTime), Message: w.Message.V, Bank: w.SettleAccount.V,
		LogID: w.LogID.V, Source: w.ArchiveKey, Bills: []storyWithdrawnBill{}, Exceptions: []storyException{},
	}
}

// readBills reads the bills of the withdrawal, and the exceptions that it raises.
func (s *withdrawalStory) readBills(ctx context.Context, w *wired, at schema.Partition) error {
	own := make(map[string]bool)
	for row, err := range w.lake.Rows(ctx, &schema.WithdrawnBills, at.Day, at.Bucket) {
		if err != nil {
			return err
		}
		if b, ok := row.(*schema.WithdrawnBill); ok && b.WithdrawID == s.WithdrawID && b.AccountID == string(s.Account) {
			own[b.LedgerID] = true
			s.Bills = append(s.Bills, storyWithdrawnBill{b.LedgerID, known(b.SettleType), b.BilledOn.V, known(b.Withdrawn()), b.InBills})
		}
	}
	for e, err := range w.lake.Exceptions(ctx, at.Day, at.Bucket) {
		if err != nil {
			return err
		}
		if strings.Contains(e.Detail, s.WithdrawID) || e.Rule.OfWithdrawals() && own[e.LedgerID.V] {
			s.Exceptions = append(s.Exceptions, storyException{at.Day, e.Rule, e.Severity, e.LedgerID.V, "", e.Detail})
		}
	}
	return nil
}

// maxStoryBills is how many bills are printed for people.
const maxStoryBills = 100

var (
	withdrawalVerdict = schema.Bilingual{English: "  %s %s: %s (status %s, logid %s)\n", Chinese: "  %s %s：%s（状态 %s，logid %s）\n"}
	withdrawalTitle   = schema.Bilingual{English: "withdrawal %s of job %s\n", Chinese: "提现 %s，任务 %s\n"}
	withdrawalBills   = schema.Bilingual{English: "\nbills that it pays, in yuan\n", Chinese: "\n所付账单（元）\n"}
	withdrawalMore    = schema.Bilingual{English: "  … and %d more: --output json lists all\n", Chinese: "  …… 另有 %d 条：--output json 列出全部\n"}
	withdrawalTie     = schema.Bilingual{English: "  amount %s less bills %s (%s): difference %s\n", Chinese: "  提现 %s 减账单 %s（%s 条）：差额 %s\n"}
	noSuchBill        = schema.Bilingual{English: "in no published day", Chinese: "已发布的日子都没有"}
)

// print tells what was launched and what became of it, then its bills and what they come to.
func (s *withdrawalStory) print(out io.Writer, language string) error {
	fmt.Fprintf(out, in(language, withdrawalTitle), plain(s.WithdrawID), s.Job)
	fmt.Fprintf(out, "  %s  %s  %s → %s  %s %s\n", s.Day, s.names.with(s.Account), instant(s.Launched), instant(s.Paid), plain(s.Bank), plain(s.Message))
	fmt.Fprintf(out, in(language, withdrawalVerdict), s.Verdict, s.Verdict.Label(), in(language, s.Verdict.Meaning()), plain(s.Status), plain(s.LogID))
	rows := "-"
	if s.BillRows != nil {
		rows = fmt.Sprint(*s.BillRows)
	}
	fmt.Fprintf(out, in(language, withdrawalTie), yuanOf(s.Amount), yuanOf(s.BillsTotal), rows, yuanOf(s.Diff))
	fmt.Fprintf(out, "  %s  %s\n", in(language, wordRemedy), in(language, s.Verdict.Advice()))
	fmt.Fprint(out, in(language, withdrawalBills))
	bills := storyTable(language, "", "billed_on", "ledger_id", "settle_type", "amount").alignLeft(1, 2)
	for _, b := range s.Bills[:min(len(s.Bills), maxStoryBills)] {
		day, settleType := b.BilledOn, "-"
		if !b.InBills {
			day = in(language, noSuchBill)
		}
		if b.SettleType != nil {
			settleType = fmt.Sprint(*b.SettleType)
		}
		bills.add("", day, plain(b.LedgerID), settleType, yuanOf(b.Amount))
	}
	if err := bills.orNone(out, language); err != nil {
		return err
	}
	if more := len(s.Bills) - maxStoryBills; more > 0 {
		fmt.Fprintf(out, in(language, withdrawalMore), more)
	}
	printExceptions(out, s.Exceptions, language)
	return nil
}

// yuanOf returns an amount as text; "-" for one that is unknown.
func yuanOf(fen *schema.Fen) string {
	if fen == nil {
		return "-"
	}
	return fen.Yuan()
}
