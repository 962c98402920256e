//go:build tools

// Package tools names the programs that test/cluster/support/install.ts builds, so that `go mod tidy`
// puts all that they need into go.mod and go.sum.
package tools

import (
	_ "github.com/kedacore/keda/v2/cmd/adapter"
	_ "github.com/kedacore/keda/v2/cmd/operator"
)
