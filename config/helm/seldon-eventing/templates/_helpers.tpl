{{/* Labels of everything; those of the controller's own objects name it as a component too. */}}
{{- define "seldon-eventing.labels" -}}
app.kubernetes.io/name: seldon-eventing
app.kubernetes.io/part-of: seldon-eventing
{{- end -}}

{{- define "seldon-eventing.selector" -}}
app.kubernetes.io/name: seldon-eventing
app.kubernetes.io/component: controller
{{- end -}}

{{- define "seldon-eventing.controllerLabels" -}}
{{ include "seldon-eventing.selector" . }}
app.kubernetes.io/part-of: seldon-eventing
{{- end -}}

{{- define "seldon-eventing.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* The last part of a path: Seldon Core 2 writes /tmp/certs/…/ca.crt where the key is ca.crt. */}}
{{- define "seldon-eventing.key" -}}
{{ splitList "/" . | last }}
{{- end -}}

{{/* What KAFKA_DEFAULTS names: docs/kafka-security.md has each line of it. */}}
{{- define "seldon-eventing.kafkaDefaults" -}}
{{- $env := dict "KAFKA_BROKER" .Values.kafka.bootstrap -}}
{{- $secrets := dict -}}
{{- with .Values.kafka.topics -}}
{{- with .numPartitions }}{{ $_ := set $env "KAFKA_NUM_PARTITIONS" (toString .) }}{{ end -}}
{{- with .replicationFactor }}{{ $_ := set $env "KAFKA_REPLICATION_FACTOR" (toString .) }}{{ end -}}
{{- end -}}
{{- with .Values.kafka.consumer -}}
{{- with .sessionTimeoutMs }}{{ $_ := set $env "KAFKA_SESSION_TIMEOUT_MS" (int64 . | toString) }}{{ end -}}
{{- with .autoOffsetReset }}{{ $_ := set $env "KAFKA_OFFSET_RESET" . }}{{ end -}}
{{- end -}}
{{- $security := .Values.security.kafka -}}
{{- $_ := set $env "KAFKA_SECURITY_PROTOCOL" $security.protocol -}}
{{- if hasPrefix "SASL" $security.protocol -}}
{{- $sasl := $security.sasl -}}
{{- $secret := required "security.kafka.sasl.client.secret: name the Secret with the password (OAUTHBEARER: the client's credentials)" $sasl.client.secret -}}
{{- $_ := set $env "KAFKA_SASL_MECHANISM" (required "security.kafka.sasl.mechanism is needed for SASL" $sasl.mechanism) -}}
{{- $_ := set $secrets $secret "/etc/kafka/sasl" -}}
{{- if eq $sasl.mechanism "OAUTHBEARER" -}}
{{- $_ := set $env "KAFKA_SASL_OAUTH_TOKEN_URL_FILE" "/etc/kafka/sasl/token_endpoint_url" -}}
{{- $_ := set $env "KAFKA_SASL_OAUTH_CLIENT_ID_FILE" "/etc/kafka/sasl/client_id" -}}
{{- $_ := set $env "KAFKA_SASL_OAUTH_CLIENT_SECRET_FILE" "/etc/kafka/sasl/client_secret" -}}
{{- $_ := set $env "KAFKA_SASL_OAUTH_SCOPE_FILE" "/etc/kafka/sasl/scope" -}}
{{- $_ := set $env "KAFKA_SASL_OAUTH_EXTENSIONS_FILE" "/etc/kafka/sasl/extensions" -}}
{{- else -}}
{{- $_ := set $env "KAFKA_SASL_USERNAME" (required "security.kafka.sasl.client.username is needed for this mechanism" $sasl.client.username) -}}
{{- $_ := set $env "KAFKA_SASL_PASSWORD_FILE" (printf "/etc/kafka/sasl/%s" (include "seldon-eventing.key" $sasl.client.passwordPath)) -}}
{{- end -}}
{{- end -}}
{{- if hasSuffix "SSL" $security.protocol -}}
{{- $client := $security.ssl.client -}}
{{- with $client.brokerValidationSecret -}}
{{- $_ := set $secrets . "/etc/kafka/broker" -}}
{{- $_ := set $env "KAFKA_SSL_CA_CERT_FILE" (printf "/etc/kafka/broker/%s" (include "seldon-eventing.key" $client.brokerCaPath)) -}}
{{- end -}}
{{- with $client.secret -}}
{{- $_ := set $secrets . "/etc/kafka/client" -}}
{{- $_ := set $env "KAFKA_SSL_CLIENT_CERT_FILE" (printf "/etc/kafka/client/%s" (include "seldon-eventing.key" $client.crtPath)) -}}
{{- $_ := set $env "KAFKA_SSL_CLIENT_KEY_FILE" (printf "/etc/kafka/client/%s" (include "seldon-eventing.key" $client.keyPath)) -}}
{{- with $client.keyPassPath -}}
{{- $_ := set $env "KAFKA_SSL_CLIENT_KEY_PASS_FILE" (printf "/etc/kafka/client/%s" (include "seldon-eventing.key" .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ dict "env" $env "secrets" $secrets | toJson }}
{{- end -}}

{{- define "seldon-eventing.hasFiles" -}}
{{- if or .Values.kafka.bootstrap .Values.serverImages }}true{{ end -}}
{{- end -}}
