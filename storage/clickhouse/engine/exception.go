package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
)

// Codes of ClickHouse's exceptions that we raise or treat ourselves.
const (
	codeBadArguments     = 36
	codeNotImplemented   = 48
	codeSyntax           = 62
	codeUnknownSetting   = 115
	codeReadonly         = 164
	codeTooMany          = 202
	codeLimit            = 307 // TOO_MANY_BYTES
	codeQueryCancelled   = 394
	codeAccessDenied     = 497
	codeAuthentication   = 516
	codeUnknownException = 1002
)

// exception is an error as ClickHouse words it: "Code: 60. DB::Exception: Table t does not exist. (UNKNOWN_TABLE)".
type exception struct {
	code int
	text string
}

func (e *exception) Error() string { return e.text }

func fail(code int, name, message string) *exception {
	return &exception{code, fmt.Sprintf("Code: %d. DB::Exception: %s (%s) (version %s)", code, message, name, engineVersion)}
}

var codePattern = regexp.MustCompile(`\ACode: (\d+)\. `)

// parseException reads what the library says; "" is no error.
func parseException(text string) error {
	if text == "" {
		return nil
	}
	if m := codePattern.FindStringSubmatch(text); m != nil {
		if code, err := strconv.Atoi(m[1]); err == nil {
			return &exception{code, text}
		}
	}
	return fail(codeUnknownException, "UNKNOWN_EXCEPTION", text)
}

// status is the HTTP status of an exception that comes before the first byte of an answer. Clients look at the code.
func (e *exception) status() int {
	switch e.code {
	case codeAccessDenied, codeAuthentication, codeReadonly, 452: // SETTING_CONSTRAINT_VIOLATION
		return http.StatusForbidden
	case 60, 81: // UNKNOWN_TABLE, UNKNOWN_DATABASE
		return http.StatusNotFound
	case codeNotImplemented:
		return http.StatusNotImplemented
	case codeTooMany:
		return http.StatusServiceUnavailable
	case codeLimit:
		return http.StatusRequestEntityTooLarge
	case codeBadArguments, codeSyntax, 6, 16, 26, 27, 38, 41, 43, 46, 47, 50, 53, 70, 72, codeUnknownSetting, 386, 456, 457: // texts, types and names that are wrong
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}
