package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"billwalk/pipeline"
	"billwalk/pipeline/douyin"
	"billwalk/pipeline/jobs"
	"billwalk/schema"
)

// explanation is what explain prints of a code.
type explanation struct {
	Query   string       `json:"query"`
	Known   bool         `json:"known"`
	Code    string       `json:"code,omitempty"` // of the error, if it is not known
	Terms   []definition `json:"terms"`          // that the query names; for an unknown number, what holds for any such code
	Nearest []string     `json:"nearest"`        // known ones, if it names none
}

func (p *program) explain() *cobra.Command {
	language, job, account := "", "", ""
	var dates dateFlags
	cmd := &cobra.Command{
		Use:   "explain [CODE | ORDER --job JOB | WITHDRAW_ID --job JOB]",
		Short: "Explain an error code, exit code, verdict, reason or rule: what it means, and what to do; or, with --job, tell the story of an order or of a withdrawal",
		Long: `explain says of a code or word what it means, what billwalk does about it and what a person does: error codes of
the platform and of billwalk, exit codes, verdicts, reasons, ways of matching, exception rules, states of days and
accounts, directions, and the platform's types of bills. It works offline. Without a code it lists all.

With --job it tells what the lake has of an order: its bills by day, what the settle query was asked and answered, its
settlements, the verdicts with their legs and reasons, its exceptions, and what to do. The order is named by its id of
either system, that of an item, or a settle_id. Of a withdraw_id it tells the withdrawal, the bills that it pays, whether
they tie, its exceptions, and what to do. Days are the last five weeks, or those of --from and --to.

The language is that of the environment, as with help. Exit codes: 0; 1 the code or the order is not known.`,
		Example: "  billwalk explain 2119005\n  billwalk explain total_differs --lang zh\n  billwalk explain settle_type=4\n" +
			"  billwalk explain 7203456789012345678 --job nightly --from 2026-10",
		Args: cobra.ArbitraryArgs,
		ValidArgsFunction: func(*cobra.Command, []string, string) (codes []string, _ cobra.ShellCompDirective) {
			for _, t := range terms() {
				codes = append(codes, t.Code)
			}
			return codes, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if language == "" {
				language = userLanguage(os.Getenv)
			} else if language != "en" && language != "zh" {
				return usage("--lang %s: want en or zh", language)
			}
			switch {
			case job == "" && (account != "" || dates != dateFlags{}):
				return usage("--account and days are for an order: name its job by --job")
			case job == "":
				return p.explainCode(strings.Join(args, "="), language)
			case len(args) != 1:
				return usage("with --job, name one order or withdrawal: billwalk explain ORDER --job %s", job)
			}
			return p.explainOrder(cmd, strings.TrimSpace(args[0]), job, schema.AccountID(account), &dates, language)
		},
	}
	dates.add(cmd)
	cmd.Flags().StringVar(&job, "job", "", "the job whose lake has the order or withdrawal")
	cmd.Flags().StringVar(&account, "account", "", "of an order, the bills and verdicts of this account alone (walk_account_id)")
	cmd.Flags().StringVar(&language, "lang", "", "en or zh; left out, what LC_ALL, LC_MESSAGES or LANG say")
	return cmd
}

func (p *program) explainCode(query, language string) error {
	query = strings.Trim(query, " \t\"'`[]()（）。，,;；:：")
	if query == "" {
		return p.listTerms(language)
	}
	e := explanation{Query: query, Terms: findTerms(query), Nearest: []string{}}
	e.Known = len(e.Terms) > 0
	if !e.Known {
		e.Nearest, e.Code = nearestTerms(query), string(schema.CodeNotFound)
		if number, err := strconv.ParseInt(query, 10, 64); err == nil {
			e.Terms = []definition{platformTerm(douyin.Unknown(number))}
		}
	}
	if p.output == "json" {
		if err := p.printJSON(e); err != nil {
			return failed(err)
		}
	} else {
		e.print(p.out, language)
	}
	if !e.Known {
		return &exitError{pipeline.ExitFailed, nil} // all is said
	}
	return nil
}

func nearestTerms(query string) []string {
	var codes []string
	for _, t := range terms() {
		codes = append(codes, t.Code)
	}
	return jobs.Nearest(strings.ToLower(query), slices.Compact(slices.Sorted(slices.Values(codes))), 3)
}

// in returns the text in a language: zh, or else English.
func in(language string, b schema.Bilingual) string {
	if language == "zh" {
		return b.Chinese
	}
	return b.English
}

var (
	wordMeaning  = schema.Bilingual{English: "meaning", Chinese: "含义"}
	wordHandling = schema.Bilingual{English: "billwalk", Chinese: "程序"}
	wordRemedy   = schema.Bilingual{English: "to do", Chinese: "处理"}
	wordNearest  = schema.Bilingual{English: "nearest", Chinese: "相近"}
	notKnown     = schema.Bilingual{English: "%s is not known (code %s): neither a code of the platform's documents nor a word of billwalk's", Chinese: "没有收录 %s（错误码 %s）：平台文档中没有这个错误码，billwalk 也没有这个词"}
	forNumbers   = schema.Bilingual{
		English: "look the number up on the API's page on Douyin's open platform (抖音开放平台), where codes are added over time; else ask Douyin's support, with the logid, the time, the API and the app's client_key (never its secret). For an order's id: billwalk explain ID --job JOB",
		Chinese: "先到抖音开放平台该接口的文档页查最新错误码；查不到的，凭 logid、时间、接口名与应用的 client_key（切勿给出 secret）咨询抖音技术支持。订单号请用：billwalk explain 订单号 --job 任务",
	}
	forWords = schema.Bilingual{
		English: "billwalk explain lists all that it knows. For an order's id: billwalk explain ID --job JOB",
		Chinese: "billwalk explain 列出全部。订单号请用：billwalk explain 订单号 --job 任务",
	}
)

func (e explanation) print(out io.Writer, language string) {
	number := len(e.Terms) > 0
	if !e.Known {
		fmt.Fprintf(out, in(language, notKnown)+"\n", plain(e.Query), e.Code)
		if len(e.Nearest) > 0 {
			fmt.Fprintf(out, "  %s  %s\n", in(language, wordNearest), strings.Join(e.Nearest, ", "))
		}
		advice := forWords
		if number {
			advice = forNumbers
		}
		fmt.Fprintf(out, "  %s  %s\n", in(language, wordRemedy), in(language, advice))
	}
	for _, t := range e.Terms {
		t.print(out, language)
	}
}

func (t definition) print(out io.Writer, language string) {
	fmt.Fprintf(out, "%s  %s", t.Code, in(language, t.Kind))
	if t.Label != "" {
		fmt.Fprintf(out, "  %s", t.Label)
	}
	fmt.Fprintf(out, "\n  %s  %s\n", in(language, wordMeaning), in(language, t.Meaning))
	if t.Handling != nil {
		fmt.Fprintf(out, "  %s  %s\n", in(language, wordHandling), in(language, *t.Handling))
	}
	for _, r := range t.Remedies {
		apis := ""
		if len(r.APIs) > 0 {
			apis = strings.Join(r.APIs, ", ") + ": "
		}
		fmt.Fprintf(out, "  %s  %s%s\n", in(language, wordRemedy), apis, in(language, r.Bilingual))
	}
}

// listTerms lists all terms, by kind.
func (p *program) listTerms(language string) error {
	all := terms()
	if p.output == "json" {
		return p.printJSON(struct {
			Terms []definition `json:"terms"`
		}{all})
	}
	kind := ""
	for _, t := range all {
		own, _, _ := strings.Cut(in(language, t.Kind), ", ")
		if own != kind {
			kind = own
			fmt.Fprintln(p.out, kind)
		}
		fmt.Fprintf(p.out, "  %-24s %s\n", t.Code, in(language, t.Meaning))
	}
	return nil
}
