{{- /* Names, labels and images. */}}

{{- define "roost.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name }}
{{- end }}
{{- end }}

{{- /* The labels that choose pods: of a component in {root, component}, such as post-work. */}}
{{- define "roost.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "roost.labels" -}}
{{ include "roost.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* The metadata of {root, name, component}; the name starts with that of the release. */}}
{{- define "roost.metadata" -}}
name: {{ include "roost.fullname" .root }}{{ with .name }}-{{ . }}{{ end }}
namespace: {{ .root.Release.Namespace }}
labels: {{- include "roost.labels" . | nindent 2 }}
{{- end }}

{{- /* The address of a Service of {root, name} inside of the cluster. */}}
{{- define "roost.host" -}}
{{ include "roost.fullname" .root }}-{{ .name }}.{{ .root.Release.Namespace }}.svc.{{ .root.Values.clusterDomain }}
{{- end }}

{{- /* The name of the Secret of {root, owner}. */}}
{{- define "roost.secret" -}}
{{ get .root.Values.existingSecrets .owner | default (printf "%s-%s" (include "roost.fullname" .root) .owner) }}
{{- end }}

{{- /* The image of {image, default}: repository with digest or tag. */}}
{{- define "roost.image" -}}
{{- if .image.digest }}
{{- printf "%s@%s" .image.repository .image.digest }}
{{- else }}
{{- printf "%s:%s" .image.repository (.image.tag | default .tag) }}
{{- end }}
{{- end }}

{{- define "roost.ownImage" -}}
{{ include "roost.image" (dict "image" .Values.image "tag" .Chart.AppVersion) }}
{{- end }}

{{- /* The images that decode media and apply migrations. They are built together with the first, and have its tag. */}}
{{- define "roost.mediaImage" -}}
{{ include "roost.image" (dict "image" .Values.mediaImage "tag" (.Values.image.tag | default .Chart.AppVersion)) }}
{{- end }}

{{- define "roost.migrateImage" -}}
{{ include "roost.image" (dict "image" .Values.migrateImage "tag" (.Values.image.tag | default .Chart.AppVersion)) }}
{{- end }}
