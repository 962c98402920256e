/** The public layout of what TensorFlow Serving says about a model; beside proto.ts, which it needs. */

export const tensorflowInfoProto = `
syntax = "proto3";
package tensorflow.serving;

message GetModelStatusRequest {
  ModelSpec model_spec = 1;
}
message ModelVersionStatus {
  enum State { UNKNOWN = 0; START = 10; LOADING = 20; AVAILABLE = 30; UNLOADING = 40; END = 50; }
  int64 version = 1;
  State state = 2;
  StatusProto status = 3;
}
message StatusProto {
  enum Code {
    OK = 0;
    CANCELLED = 1;
    UNKNOWN = 2;
    INVALID_ARGUMENT = 3;
    DEADLINE_EXCEEDED = 4;
    NOT_FOUND = 5;
    ALREADY_EXISTS = 6;
    PERMISSION_DENIED = 7;
    RESOURCE_EXHAUSTED = 8;
    FAILED_PRECONDITION = 9;
    ABORTED = 10;
    OUT_OF_RANGE = 11;
    UNIMPLEMENTED = 12;
    INTERNAL = 13;
    UNAVAILABLE = 14;
    DATA_LOSS = 15;
    UNAUTHENTICATED = 16;
  }
  Code error_code = 1;
  string error_message = 2;
}
message GetModelStatusResponse {
  repeated ModelVersionStatus model_version_status = 1;
}
message GetModelMetadataRequest {
  ModelSpec model_spec = 1;
  repeated string metadata_field = 2;
}
message GetModelMetadataResponse {
  ModelSpec model_spec = 1;
  map<string, google.protobuf.Any> metadata = 2;
}
message TensorInfo {
  string name = 1;
  tensorflow.DataType dtype = 2;
  tensorflow.TensorShapeProto tensor_shape = 3;
}
message SignatureDef {
  map<string, TensorInfo> inputs = 1;
  map<string, TensorInfo> outputs = 2;
  string method_name = 3;
}
message SignatureDefMap {
  map<string, SignatureDef> signature_def = 1;
}
`;
