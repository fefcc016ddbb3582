package schema

import (
	"testing"
	"testing/quick"
	"unicode/utf8"
)

// TestMaskAccount: no more than the last four characters of a number are left.
func TestMaskAccount(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"6222020200112233445": "****3445", "12345": "****2345", "1234": "****", "1": "****", "": "****", "对公账户尾号八八": "****尾号八八",
	} {
		if got := MaskAccount(number); got != want {
			t.Errorf("MaskAccount(%q) = %q, want %q", number, got, want)
		}
	}
	short := func(number string) bool { return utf8.RuneCountInString(MaskAccount(number)) <= 8 }
	if err := quick.Check(short, nil); err != nil {
		t.Error(err)
	}
}

// TestWithdrawVerdicts: each has a label, a meaning and advice in both languages, and only
// those that the platform can say nothing new of are final.
func TestWithdrawVerdicts(t *testing.T) {
	t.Parallel()
	for _, v := range WithdrawVerdicts {
		if v.Label() == "" || v.Meaning().English == "" || v.Meaning().Chinese == "" || v.Advice().English == "" || v.Advice().Chinese == "" {
			t.Errorf("%s is not explained", v)
		}
	}
	if WithdrawInFlight.Final() || WithdrawMismatched.Final() || WithdrawNotAsked.Final() || !Tied.Final() || WithdrawVerdict("").Final() {
		t.Error("final ones")
	}
}
