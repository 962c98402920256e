// Knative Eventing's controllers for channels, Subscriptions, Brokers, Triggers, RequestReplies
// and SinkBindings in one process.
// Stock ones are four Deployments (that of SinkBindings is the webhooks'), which all serve health on
// port 8080.
package main

import (
	"knative.dev/eventing/pkg/auth"
	"knative.dev/eventing/pkg/eventingtls"
	"knative.dev/eventing/pkg/reconciler/broker"
	brokertrigger "knative.dev/eventing/pkg/reconciler/broker/trigger"
	"knative.dev/eventing/pkg/reconciler/channel"
	inmemorychannel "knative.dev/eventing/pkg/reconciler/inmemorychannel/controller"
	"knative.dev/eventing/pkg/reconciler/requestreply"
	"knative.dev/eventing/pkg/reconciler/sinkbinding"
	"knative.dev/eventing/pkg/reconciler/subscription"
	filteredfactory "knative.dev/pkg/client/injection/kube/informers/factory/filtered"
	"knative.dev/pkg/injection/sharedmain"
	"knative.dev/pkg/signals"
)

func main() {
	ctx := sharedmain.WithHealthProbesDisabled(signals.NewContext())
	ctx = filteredfactory.WithSelectors(ctx, auth.OIDCLabelSelector, eventingtls.TrustBundleLabelSelector,
		requestreply.SecretLabelSelector)
	sharedmain.MainWithContext(ctx, "controller",
		channel.NewController,
		subscription.NewController,
		broker.NewController,
		brokertrigger.NewController,
		inmemorychannel.NewController,
		requestreply.NewController,
		sinkbinding.NewController,
	)
}
