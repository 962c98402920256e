//go:build tools

// Package tools names the programs that test/cluster/support/install.ts builds beside controllers,
// so that `go mod tidy` puts all that they need into go.mod and go.sum.
//
// Knative Eventing 0.49 is Knative 1.22. KEDA has a module of its own: with the newer OpenTelemetry
// that it asks for, Knative's programs end at once.
package tools

import (
	_ "knative.dev/eventing/cmd/broker/filter"
	_ "knative.dev/eventing/cmd/broker/ingress"
	_ "knative.dev/eventing/cmd/in_memory/channel_dispatcher"
	_ "knative.dev/eventing/cmd/requestreply"
)
