/**
 * What reads and writes protobufs for a predictor over gRPC. The library takes memory, which those who
 * do not call gRPC need not give.
 */

export async function loadProtobuf() {
  const { protobufFeedback } = await import('../graph/protobuf/feedback.ts');
  const { protobufGraphMetadata } = await import('../graph/protobuf/graph-metadata.ts');
  const { grpcInfoOf } = await import('../inference/grpc-infos.ts');
  return { protobufFeedback, protobufGraphMetadata, grpcInfoOf };
}

/** For graphs of several nodes alone. */
export async function loadProtobufForm() {
  const { protobufForm } = await import('../graph/protobuf/form.ts');
  return protobufForm;
}
