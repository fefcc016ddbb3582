package jobs

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"billwalk/schema"
)

const quotationMarks = "\"'`“”‘’「」＂＇"

// visibleText reads one line of text like plainText. It refuses invisible characters,
// such as zero-width ones, direction marks and no-break spaces.
func visibleText(text string) (string, error) {
	if _, err := plainText(text); err != nil {
		return "", err
	}
	if r, ok := invisible(text); ok {
		return "", wantError(fmt.Sprintf("a text without invisible characters (it has %U): 请去掉不可见字符; type it again, or copy it without its format", r))
	}
	return text, nil
}

// invisible returns the first invisible character other than a blank.
func invisible(text string) (rune, bool) {
	for _, r := range text {
		if r != ' ' && schema.Invisible(r) {
			return r, true
		}
	}
	return 0, false
}

// quotationMarksAround reports whether a text has quotation marks at both ends, and at
// either end.
func quotationMarksAround(text string) (both, either bool) {
	begins := strings.TrimLeft(text, quotationMarks) != text
	ends := strings.TrimRight(text, quotationMarks) != text
	return begins && ends, begins || ends
}

const wantUnquoted = wantError("a text without quotation marks around it: 请去掉引号; take them off where it is set")

// credential reads a key or secret of a service: letters, digits and signs of ASCII.
func credential(text string) (string, error) {
	if _, err := visibleText(text); err != nil {
		return "", err
	}
	if _, either := quotationMarksAround(text); either {
		return "", wantUnquoted
	}
	for _, r := range text {
		if r <= ' ' || r > unicode.MaxASCII {
			return "", wantError(fmt.Sprintf("letters, digits and signs of ASCII alone (it has %U): 请从控制台重新复制; copy it from the console again", r))
		}
	}
	return text, nil
}

func credentialSecret(text string) (schema.Secret, error) {
	text, err := credential(text)
	return schema.NewSecret(text), err
}

// minToken is the minimum length of a legacy_token, with which callbacks could be forged.
const minToken = 16

// legacyToken reads a token that the user has chosen, or none.
func legacyToken(text string) (schema.Secret, error) {
	if text == "" {
		return schema.Secret{}, nil
	}
	if _, err := visibleText(text); err != nil {
		return schema.Secret{}, err
	}
	if both, _ := quotationMarksAround(text); both {
		return schema.Secret{}, wantUnquoted
	}
	if n := utf8.RuneCountInString(text); n < minToken {
		return schema.Secret{}, wantError(fmt.Sprintf("at least %d characters, or nothing to refuse old callbacks (it has %d): 请在控制台“支付设置”改用更长的 Token; set a longer Token in the console (支付设置), and here", minToken, n))
	}
	return schema.NewSecret(text), nil
}

// codeKeyWarning returns a warning about a code_key that is probably wrong, or "". It is
// not refused, because it must not change once codes were hashed with it.
func codeKeyWarning(key schema.Secret) string {
	const stays = "; 若已用它发布过,请保持不变; keep it as it is if codes were published with it"
	if r, ok := invisible(key.Reveal()); ok {
		return fmt.Sprintf("columns: code_key has an invisible character (%U)%s", r, stays)
	}
	if both, _ := quotationMarksAround(key.Reveal()); both {
		return "columns: code_key has quotation marks around it" + stays
	}
	return ""
}

// awsVariables are the variables from which the AWS SDK takes credentials.
var awsVariables = []string{"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN"}

// awsCredentials reports variables that cannot be valid credentials.
func (r *reader) awsCredentials(at place) {
	for _, name := range awsVariables {
		held, _ := r.env(name)
		if held == "" {
			continue
		}
		if _, err := credential(held); err != nil {
			r.fault(at, "lake: variable %s: want %v, found another text", name, err)
		}
	}
}
