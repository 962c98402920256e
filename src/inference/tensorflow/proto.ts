/**
 * The public layout of TensorFlow Serving's predictions: package tensorflow.serving. Its other
 * methods pass through as well; their messages are not described here.
 */

export const tensorflowProto = `
syntax = "proto3";
package tensorflow.serving;

message ModelSpec {
  string name = 1;
  oneof version_choice {
    google.protobuf.Int64Value version = 2;
    string version_label = 4;
  }
  string signature_name = 3;
}
message PredictRequest {
  ModelSpec model_spec = 1;
  map<string, tensorflow.TensorProto> inputs = 2;
  repeated string output_filter = 3;
}
message PredictResponse {
  map<string, tensorflow.TensorProto> outputs = 1;
  ModelSpec model_spec = 2;
}
service PredictionService {
  rpc Predict(PredictRequest) returns (PredictResponse);
}
`;
