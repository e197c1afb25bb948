{{- /* The processes of Roost, and what each gets as environment and files. */}}

{{- /* The values of the service {root, noun}: those of all services, and over them its own. */}}
{{- define "roost.serviceValues" -}}
{{- mergeOverwrite (deepCopy .root.Values.serviceDefaults) (deepCopy (get .root.Values.services .noun | default dict)) | toYaml }}
{{- end }}

{{- /* The services of files/services.yaml that are enabled: {noun: {…, values}}. */}}
{{- define "roost.services" -}}
{{- range $noun, $service := .Files.Get "files/services.yaml" | fromYaml }}
{{- $values := include "roost.serviceValues" (dict "root" $ "noun" $noun) | fromYaml }}
{{- if $values.enabled }}
{{ $noun }}: {{ merge $service (dict "values" $values) | toJson }}
{{- end }}
{{- end }}
{{- end }}

{{- /* The protocol of a port {root, plain} inside, as Services name it. */}}
{{- define "roost.meshProtocol" -}}
{{ ternary "tls" .plain (ne .root.Values.tls.mesh.existingSecret "") }}
{{- end }}

{{- /* All processes: {component: {owner, arguments, port, image, groups, dedicated, numbered, values, scaling}}. The owner is
a service or the gateway. Dedicated connections are beside the pool; a numbered process needs a worker number of its
database. Scaling is cpu, lag, or empty for a fixed number of replicas. */}}
{{- define "roost.processes" -}}
{{- range $noun, $service := include "roost.services" . | fromYaml }}
{{- range $process := $service.processes }}
{{- $serves := eq $process "serve" }}
{{- $values := merge (get $service.values $process) $service.values }}
{{- $scaling := and $values.autoscaling.enabled (ternary "cpu" "lag" $serves) }}
{{- if and (eq (toString $scaling) "lag") (or (eq $.Values.workerScaling "none") (not $service.groups)) }}
{{- $scaling = "" }}
{{- end }}
{{ ternary $noun (printf "%s-%s" $noun $process) $serves }}: {{ dict
  "owner" $noun
  "arguments" (list (printf "services.%s" $noun) $process)
  "port" (ternary (dict "name" "grpc" "number" 7000 "protocol" (include "roost.meshProtocol" (dict "root" $ "plain" "grpc"))) dict $serves)
  "image" (include (ternary "roost.mediaImage" "roost.ownImage" (has "s3" $service.engines)) $)
  "groups" (ternary dict $service.groups $serves)
  "dedicated" (get $service.dedicated_connections $process | default 0)
  "numbered" (has $process $service.worker_numbers)
  "values" (omit $values "serve" "work")
  "scaling" (default "" $scaling)
| toJson }}
{{- end }}
{{- end }}
gateway: {{ dict
  "owner" "gateway"
  "arguments" (list "gateway")
  "port" (dict "name" "http" "number" 8000 "protocol" (include "roost.meshProtocol" (dict "root" . "plain" "http")))
  "image" (include "roost.ownImage" .)
  "groups" dict
  "values" .Values.gateway
  "scaling" (ternary "cpu" "" .Values.gateway.autoscaling.enabled)
| toJson }}
{{- end }}

{{- /* All that is scaled: the processes, and Envoy. */}}
{{- define "roost.scaled" -}}
{{ include "roost.processes" . }}
envoy: {{ dict "owner" "envoy" "values" .Values.envoy "scaling" (ternary "cpu" "" .Values.envoy.autoscaling.enabled) | toJson }}
{{- end }}

{{- /* The most pods that a process of {values, scaling} has, except during a rollout. */}}
{{- define "roost.maxReplicas" -}}
{{ ternary .values.autoscaling.maxReplicas .values.replicas (ne .scaling "") }}
{{- end }}

{{- /* The settings that the chart gives: {variable: value}, to each process those that it has. */}}
{{- define "roost.settings" -}}
{{- $envoy := include "roost.envoySettings" . | fromYaml }}
ROOST_ADMIN_LISTEN: 0.0.0.0:9090
ROOST_MESH: {{ include "roost.host" (dict "root" . "name" "mesh") }}:9000
ROOST_TOKEN_ISSUER: {{ $envoy.TOKEN_ISSUER | quote }}
ROOST_TOKEN_AUDIENCE: {{ $envoy.TOKEN_AUDIENCE | quote }}
ROOST_LOG_LEVEL: {{ .Values.logs.level | quote }}
ROOST_OTLP_ENDPOINT: {{ .Values.traces.otlpEndpoint | quote }}
ROOST_TRACE_RATIO: {{ .Values.traces.ratio | quote }}
ROOST_PUBLIC_URL: {{ .Values.publicUrl | quote }}
ROOST_MEDIA_BASE_URL: {{ .Values.mediaUrl | quote }}
ROOST_MEDIA_PURGE_URL: http://{{ include "roost.host" (dict "root" . "name" "purges") }}:9903
ROOST_GRAPHQL_INTROSPECTION: {{ .Values.gateway.graphqlIntrospection | quote }}
# Those of the edge, which cannot distinguish mutations of GraphQL.
ROOST_RATE_WRITES: {{ $envoy.RATE_WRITES | quote }}
ROOST_RATE_LOGINS: {{ $envoy.RATE_LOGINS | quote }}
# The fewest gateways: each grants its share of the limits of GraphQL.
ROOST_GATEWAYS: {{ ternary .Values.gateway.autoscaling.minReplicas .Values.gateway.replicas .Values.gateway.autoscaling.enabled | quote }}
ROOST_DATABASE_CONNECTIONS: {{ .Values.postgres.connectionsPerProcess | quote }}
ROOST_SERVICE_KEY_FILE: /etc/roost/own/service-key.pem
ROOST_SERVICE_KEYS_FILE: /etc/roost/identities/services.jwks.json
ROOST_S3_ENDPOINT: {{ .Values.s3.endpoint | quote }}
ROOST_S3_PUBLIC_ENDPOINT: {{ .Values.s3.publicEndpoint | default .Values.s3.endpoint | quote }}
ROOST_S3_REGION: {{ .Values.s3.region | quote }}
ROOST_S3_BUCKET: {{ .Values.s3.bucket | quote }}
ROOST_SEARCH: {{ .Values.search.engine | quote }}
{{- with .Values.search.opensearchUrl }}
ROOST_OPENSEARCH_URL: {{ . | quote }}
{{- end }}
{{- if include "roost.ca" .Values.redis }}
ROOST_REDIS_CA_FILE: /etc/roost/redis/ca.crt
{{- end }}
{{- if .Values.tls.mesh.existingSecret }}
ROOST_TLS_CERTIFICATE_FILE: /etc/roost/tls/tls.crt
ROOST_TLS_KEY_FILE: /etc/roost/tls/tls.key
ROOST_TLS_CA_FILE: /etc/roost/tls/ca.crt
{{- end }}
{{ include "roost.kafkaSettings" . }}
{{- end }}

{{- define "roost.kafkaSettings" -}}
{{- with .Values.kafka -}}
ROOST_KAFKA_BROKERS: {{ join "," .brokers | quote }}
ROOST_KAFKA_IDEMPOTENCE: {{ .idempotence | quote }}
ROOST_KAFKA_SECURITY: {{ .security | quote }}
{{- with .saslMechanism }}
ROOST_KAFKA_SASL_MECHANISM: {{ . | quote }}
{{- end }}
{{- if .ca }}
ROOST_KAFKA_CA_FILE: /etc/roost/kafka/ca.crt
{{- end }}
{{- if .clientCertificate }}
ROOST_KAFKA_CERTIFICATE_FILE: /etc/roost/kafka/tls.crt
ROOST_KAFKA_KEY_FILE: /etc/roost/kafka/tls.key
{{- end }}
{{- end }}
{{- end }}

{{- /* The settings that are in Secrets, for {root, owner}: {variable: {name, key}}. */}}
{{- define "roost.secretSettings" -}}
{{- $own := include "roost.secret" . }}
ROOST_DATABASE_URL: { name: {{ $own }}, key: database-url }
# Without a replica the primary answers all reads.
ROOST_REPLICA_URL: { name: {{ $own }}, key: replica-url, optional: true }
ROOST_REDIS_URL: { name: {{ $own }}, key: redis-url }
ROOST_PAGE_TOKEN_KEY: { name: {{ $own }}, key: page-token-key }
ROOST_MEDIA_PATH_KEY: { name: {{ $own }}, key: media-path-key }
ROOST_S3_ACCESS_KEY: { name: {{ $own }}, key: s3-access-key }
ROOST_S3_SECRET_KEY: { name: {{ $own }}, key: s3-secret-key }
# Without a mail server no email is sent.
ROOST_SMTP_URL: { name: {{ $own }}, key: smtp-url, optional: true }
{{- if .root.Values.search.opensearchCredentials }}
ROOST_OPENSEARCH_USERNAME: { name: {{ $own }}, key: opensearch-username }
ROOST_OPENSEARCH_PASSWORD: { name: {{ $own }}, key: opensearch-password }
{{- end }}
{{ include "roost.kafkaSecretSettings" .root }}
{{- end }}

{{- define "roost.kafkaSecretSettings" -}}
{{- if .Values.kafka.saslMechanism }}
{{- $kafka := include "roost.secret" (dict "root" . "owner" "kafka") -}}
ROOST_KAFKA_USERNAME: { name: {{ $kafka }}, key: username }
ROOST_KAFKA_PASSWORD: { name: {{ $kafka }}, key: password }
{{- end }}
{{- end }}

{{- /* The environment of the process {root, owner, service, port, values}: what files/settings.yaml says that it reads.
`env` and `secretEnv` of its values come first. */}}
{{- define "roost.environment" -}}
{{- $known := get (.root.Files.Get "files/settings.yaml" | fromYaml) .owner }}
{{- $plain := merge (dict) .values.env (include "roost.settings" .root | fromYaml) }}
{{- $secret := include "roost.secretSettings" . | fromYaml }}
{{- range $variable, $key := merge (dict) (.values.secretEnv | default dict) (.service.secrets | default dict) }}
{{- $_ := set $secret $variable (dict "name" (include "roost.secret" $) "key" $key) }}
{{- end }}
{{- range $variable, $key := .service.keys }}
{{- $_ := set $plain $variable (printf "/etc/roost/own/%s" $key) }}
{{- end }}
{{- with .port.number }}
{{- $_ := set $plain "ROOST_LISTEN" (printf "0.0.0.0:%v" .) }}
{{- end }}
{{- range $variable := concat (keys .values.env) (keys (.values.secretEnv | default dict)) | sortAlpha }}
{{- if not (has $variable $known) }}
{{- fail (printf "%s is no setting of %s; files/settings.yaml has those that it reads." $variable $.owner) }}
{{- end }}
{{- end }}
{{- range $known }}
{{- if and (hasKey $secret .) (not (hasKey $.values.env .)) }}
- { name: {{ . }}, valueFrom: { secretKeyRef: {{ get $secret . | toJson }} } }
{{- else if hasKey $plain . }}
- { name: {{ . }}, value: {{ get $plain . | toString | quote }} }
{{- end }}
{{- end }}
{{- end }}

{{- /* The keys of a Secret {name, keys} as files: the source of a volume. */}}
{{- define "roost.keys" -}}
secret:
  secretName: {{ .name }}
  items:
    {{- range .keys }}
    - { key: {{ . }}, path: {{ . }} }
    {{- end }}
{{- end }}

{{- /* The authority of an engine {ca} as the source of a volume, or nothing. */}}
{{- define "roost.ca" -}}
{{- with .ca }}
{{- $items := list (dict "key" .key "path" "ca.crt") }}
{{- if .existingSecret }}
secret: {{ dict "secretName" .existingSecret "items" $items | toJson }}
{{- else if .existingConfigMap }}
configMap: {{ dict "name" .existingConfigMap "items" $items | toJson }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Kafka's certificates as the source of a volume, or nothing. */}}
{{- define "roost.kafkaFiles" -}}
{{- with .Values.kafka }}
{{- $keys := concat (ternary (list "ca.crt") list .ca) (ternary (list "tls.crt" "tls.key") list .clientCertificate) }}
{{- if $keys }}
{{- include "roost.keys" (dict "name" (include "roost.secret" (dict "root" $ "owner" "kafka")) "keys" $keys) }}
{{- end }}
{{- end }}
{{- end }}

{{- /* The certificate of the mesh with its authority as the source of a volume, or nothing. */}}
{{- define "roost.meshFiles" -}}
{{- with .Values.tls.mesh.existingSecret }}
{{- include "roost.keys" (dict "name" . "keys" (list "tls.crt" "tls.key" "ca.crt")) }}
{{- end }}
{{- end }}

{{- /* The files of the process {root, owner, service}, below /etc/roost: {folder: source of a volume}. */}}
{{- define "roost.files" -}}
{{- $own := prepend (values (.service.keys | default dict) | sortAlpha) "service-key.pem" }}
own: {{- include "roost.keys" (dict "name" (include "roost.secret" .) "keys" $own) | nindent 2 }}
{{- with include "roost.meshFiles" .root }}
tls: {{- . | nindent 2 }}
{{- end }}
{{- if .service }}
{{- $identities := include "roost.secret" (dict "root" .root "owner" "identities") }}
identities: {{- include "roost.keys" (dict "name" $identities "keys" (list "services.jwks.json")) | nindent 2 }}
{{- with include "roost.ca" .root.Values.postgres }}
postgres: {{- . | nindent 2 }}
{{- end }}
{{- with include "roost.ca" .root.Values.redis }}
redis: {{- . | nindent 2 }}
{{- end }}
{{- with include "roost.kafkaFiles" .root }}
kafka: {{- . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{- /* The volumes of a map of files, and where they are. */}}
{{- define "roost.fileVolumes" -}}
{{- range $folder, $source := . }}
- {{ merge (dict "name" $folder) $source | toJson }}
{{- end }}
{{- end }}

{{- define "roost.fileMounts" -}}
{{- range $folder, $_ := . }}
- { name: {{ $folder }}, mountPath: /etc/roost/{{ $folder }}, readOnly: true }
{{- end }}
{{- end }}
