{{- /* Envoy's configuration: files/envoy.yaml with a value for each ${NAME}. */}}

{{- /* Where {root, name, port} is, as endpoints() of local/envoy_template.py writes it. Each address of the headless Service
is an endpoint. */}}
{{- define "roost.endpoint" -}}
{{ dict "endpoint" (dict "address" (dict "socket_address" (dict "address" (include "roost.host" .) "port_value" .port))) | toJson }}
{{- end }}

{{- /* Where a URL leads and how Envoy connects, as {endpoints, transport} in JSON. */}}
{{- define "roost.upstream" -}}
{{- $url := urlParse . }}
{{- $tls := eq $url.scheme "https" }}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (ternary "443" "80" $tls) | int }}
{{- $host := $url.hostname }}
{{- $kind := "type.googleapis.com/envoy.extensions.transport_sockets" }}
{{- $context := dict "@type" (printf "%s.raw_buffer.v3.RawBuffer" $kind) }}
{{- if $tls }}
{{- $names := list (dict "san_type" "DNS" "matcher" (dict "exact" $host)) }}
{{- $authorities := dict "trusted_ca" (dict "filename" "/etc/ssl/certs/ca-certificates.crt") "match_typed_subject_alt_names" $names }}
{{- $context = dict "@type" (printf "%s.tls.v3.UpstreamTlsContext" $kind) "sni" $host "common_tls_context" (dict "validation_context" $authorities) }}
{{- end }}
endpoints: {{ list (dict "endpoint" (dict "address" (dict "socket_address" (dict "address" (trimAll "[]" $host) "port_value" $port)))) | toJson | quote }}
transport: {{ dict "name" (printf "envoy.transport_sockets.%s" (ternary "tls" "raw_buffer" $tls)) "typed_config" $context | toJson | quote }}
{{- end }}

{{- /* The object store, as object_store() of local/envoy_template.py describes it. */}}
{{- define "roost.objectStore" -}}
{{- $upstream := include "roost.upstream" .Values.s3.endpoint | fromYaml }}
MEDIA_S3_ENDPOINTS: {{ $upstream.endpoints | quote }}
MEDIA_S3_HOST: {{ (urlParse .Values.s3.endpoint).host }}
MEDIA_S3_PREFIX: /{{ .Values.s3.bucket }}
MEDIA_S3_REGION: {{ .Values.s3.region }}
MEDIA_S3_TRANSPORT: {{ $upstream.transport | quote }}
{{- end }}

{{- /* Where traces go, as tracing() of local/envoy_template.py describes it. */}}
{{- define "roost.tracing" -}}
{{- if and .Values.traces.otlpEndpoint .Values.traces.ratio }}
{{- $upstream := include "roost.upstream" .Values.traces.otlpEndpoint | fromYaml }}
{{- $below := ternary "g" (mulf .Values.traces.ratio 4294967296 | int64 | printf "%08x") (ge (float64 .Values.traces.ratio) 1.0) }}
{{- range $name, $tracer := .Files.Get "files/envoy-tracers.yaml" | fromYaml }}
{{ $name }}: {{ replace "${TRACES_BELOW}" $below $tracer | quote }}
{{- end }}
COLLECTOR_ENDPOINTS: {{ $upstream.endpoints | quote }}
COLLECTOR_TRANSPORT: {{ $upstream.transport | quote }}
{{- end }}
{{- end }}

{{- /* What TLS of the edge and of the mesh adds: {settings: {name: value}, files: {name: text}}. */}}
{{- define "roost.envoyTls" -}}
{{- $added := dict "settings" dict "files" dict }}
{{- range $part, $tls := .Files.Get "files/envoy-tls.yaml" | fromYaml }}
{{- if (get $.Values.tls $part).existingSecret }}
{{- $added = merge $added $tls }}
{{- end }}
{{- end }}
{{- $added | toYaml }}
{{- end }}

{{- /* Limits, names and transports, which `envoy.settings` may override: {name: value}. */}}
{{- define "roost.envoySettings" -}}
{{- $defaults := .Files.Get "files/envoy-defaults.yaml" | fromYaml }}
{{- range $name, $_ := .Values.envoy.settings }}
{{- if not (hasKey $defaults $name) }}
{{- fail (printf "envoy.settings.%s is no value of files/envoy-defaults.yaml." $name) }}
{{- end }}
{{- end }}
{{- $own := dict
  "TOKEN_ISSUER" (.Values.tokens.issuer | default .Values.publicUrl)
  "TOKEN_AUDIENCE" .Values.tokens.audience
  "TRUSTED_PROXIES" (toString .Values.envoy.trustedProxies)
  "ADMIN_HOST" ".*"
}}
{{- mergeOverwrite $defaults (include "roost.envoyTls" . | fromYaml).settings $own .Values.envoy.settings | toYaml }}
{{- end }}

{{- /* Addresses: {name: value}. Nothing in a pod browses, so the admin page is for any host. */}}
{{- define "roost.envoyAddresses" -}}
ADMIN_SOCKET: /run/envoy/admin.sock
{{- range $name, $port := dict "ADMIN" 9901 "EDGE" 8080 "MEDIA" 8081 "MESH" 9000 "PROBES" 9902 "PURGES" 9903 }}
{{ $name }}_ADDRESS: 0.0.0.0
{{ $name }}_PORT: {{ $port | quote }}
{{- end }}
MEDIA_CACHE_FOLDER: /var/cache/roost-media
MEDIA_S3_CREDENTIALS_FILE: /etc/roost/own/media-store.credentials
MEDIA_PATH_KEYS_FILE: /etc/roost/own/media-path-keys.json
{{- range $component, $process := include "roost.processes" . | fromYaml }}
{{- with $process.port }}
{{ $component | upper }}_ENDPOINTS: {{ include "roost.endpoint" (dict "root" $ "name" $component "port" .number) | printf "[%s]" | quote }}
{{- end }}
{{- end }}
{{- if .Values.rateLimits.global.enabled }}
GLOBAL_RATE_LIMITS_OFF: "false"
RATE_LIMIT_ENDPOINTS: {{ include "roost.endpoint" (dict "root" . "name" "rate-limits" "port" 8081) | printf "[%s]" | quote }}
{{- end }}
{{ include "roost.objectStore" . }}
{{ include "roost.tracing" . }}
{{- end }}

{{- /* The folders of Envoy's certificates, below /etc/roost: {folder: source of a volume}. */}}
{{- define "roost.envoyCertificates" -}}
{{- with .Values.tls.edge.existingSecret }}
edge: {{- include "roost.keys" (dict "name" . "keys" (list "tls.crt" "tls.key")) | nindent 2 }}
{{- end }}
{{- with include "roost.meshFiles" . }}
tls: {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* The file {root, file} with a value for each ${NAME}. */}}
{{- define "roost.rendered" -}}
{{- $text := .root.Files.Get .file }}
{{- $values := merge (include "roost.envoyAddresses" .root | fromYaml) (include "roost.envoySettings" .root | fromYaml) }}
{{- range $name, $value := $values }}
{{- $text = replace (printf "${%s}" $name) (toString $value) $text }}
{{- end }}
{{- with regexFind "\\$\\{[A-Z0-9_]+\\}" $text }}
{{- fail (printf "%s has %s, for which there is no value." $.file .) }}
{{- end }}
{{- $text }}
{{- end }}
