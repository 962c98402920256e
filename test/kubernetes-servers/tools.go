//go:build tools

// Package tools names the programs that test/support/kube-install.ts builds, so that `go mod tidy`
// puts all that they need into go.mod and go.sum.
//
// For another version: change the two required versions and, to the same minor and patch under
// v0, every replaced one; then `go mod tidy`. etcd is the version that k8s.io/kubernetes requires.
package tools

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
)
