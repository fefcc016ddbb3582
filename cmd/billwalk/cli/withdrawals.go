package cli

import (
	"fmt"
	"io"
	"strings"

	"billwalk/pipeline/withdraw"
	"billwalk/schema"
)

// maxToDo is how many withdrawals a summary for people lists.
const maxToDo = 10

// printWithdrawals prints what a run found of withdrawals, in one line.
func printWithdrawals(out io.Writer, f *withdraw.Found, calls int64) {
	var all int64
	var kinds []string
	for _, v := range schema.WithdrawVerdicts {
		n := f.Verdicts[v]
		if n == 0 {
			continue
		}
		all += n
		kind := fmt.Sprintf("%d %s", n, v)
		if v == schema.WithdrawMismatched {
			kind += fmt.Sprintf(" by %s yuan", f.DiffFen.Yuan())
		}
		kinds = append(kinds, kind)
	}
	text := ""
	if all > 0 {
		text = ": " + strings.Join(kinds, ", ")
	}
	fmt.Fprintf(out, "  withdrawals %d launched %s…%s by %s%s; %s of the withdrawal API\n", all, f.From, f.To, count(f.Payees, "payee"), text, count(int(calls), "call"))
}

// printToDo lists the withdrawals that a person has to look up in the console.
func printToDo(out io.Writer, list []withdraw.ToDo, names accountNames) {
	for i, t := range list {
		if i == maxToDo {
			fmt.Fprintf(out, "  to do       %d further withdrawals; --output json lists all\n", len(list)-maxToDo)
			return
		}
		yuan := "an unknown amount"
		if t.AmountFen.Valid {
			yuan = t.AmountFen.V.Yuan() + " yuan"
		}
		if t.DiffFen.Valid {
			yuan += ", of which " + t.DiffFen.V.Yuan() + " are not in its bills"
		}
		fmt.Fprintf(out, "  to do       %s %s of account %s, launched %s, %s: %s\n", t.Verdict, plain(t.WithdrawID), names.with(t.Account), t.Day, yuan, t.Hint)
	}
}
