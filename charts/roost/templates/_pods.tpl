{{- /* What all pods have. */}}

{{- /* The restricted profile of Pod Security, for pods and for containers. */}}
{{- define "roost.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "roost.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- /* The start of each pod's spec, of jobs too: it needs nothing that the chart makes. No process calls Kubernetes.
Variables of Services would collide with settings: ROOST_MESH_PORT and others. */}}
{{- define "roost.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext: {{- include "roost.podSecurity" . | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* Where the pods of {root, component, values} may run. */}}
{{- define "roost.placement" -}}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.topologySpread }}
{{- if .enabled }}
topologySpreadConstraints:
  - topologyKey: {{ .topologyKey }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "roost.selector" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
{{- end }}

{{- /* The metadata of the pods of {root, component, values, annotations}. */}}
{{- define "roost.podMetadata" -}}
labels:
  {{- include "roost.selector" . | nindent 2 }}
  {{- with .values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (.annotations | default dict) .values.podAnnotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* The part of a Deployment before its pods, of {root, component, values, scaling}. New pods are ready before old ones
end. An autoscaler owns the number of replicas where there is one. */}}
{{- define "roost.rollout" -}}
{{- if not .scaling }}
replicas: {{ .values.replicas }}
{{- end }}
revisionHistoryLimit: 5
minReadySeconds: {{ .root.Values.minReadySeconds }}
strategy:
  type: RollingUpdate
  rollingUpdate: { maxSurge: 1, maxUnavailable: 0 }
selector:
  matchLabels: {{- include "roost.selector" . | nindent 4 }}
{{- end }}
