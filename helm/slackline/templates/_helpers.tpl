{{/* Names have at most 52 characters: the StatefulSet controller adds 11, and a label has at most 63. */}}
{{- define "slackline.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end }}

{{- define "slackline.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "slackline.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "slackline.selectorLabels" -}}
app.kubernetes.io/name: {{ include "slackline.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "slackline.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "slackline.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "slackline.monitoringLabels" -}}
{{ include "slackline.labels" . }}
{{- with .Values.monitoring.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "slackline.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "slackline.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "slackline.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (default .Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end }}

{{/* Static membership needs pod names that survive a restart. */}}
{{- define "slackline.stateful" -}}
{{- if .Values.config.kafka.instance_id }}true{{ end -}}
{{- end }}

{{- define "slackline.autoscaled" -}}
{{- if ne .Values.autoscaling.kind "none" }}true{{ end -}}
{{- end }}

{{/* The given maximum, or one replica per partition. */}}
{{- define "slackline.maxReplicas" -}}
{{- .Values.autoscaling.maxReplicas | default .Values.kafkaPartitions | default 0 | int -}}
{{- end }}

{{- define "slackline.scaleTarget" -}}
apiVersion: apps/v1
kind: {{ if include "slackline.stateful" . }}StatefulSet{{ else }}Deployment{{ end }}
name: {{ include "slackline.fullname" . }}
{{- end }}

{{/* Selects only this release's pods, not those of a release with the same prefix. Topics that a full `block` queue pauses count as 0: their lag is intended. */}}
{{- define "slackline.readLagQuery" -}}
{{- $pods := ternary "[0-9]+" "[a-z0-9]+-[a-z0-9]{5}" (eq (include "slackline.stateful" .) "true") -}}
{{- $of := printf `namespace="%s",pod=~"%s-%s"` .Release.Namespace (include "slackline.fullname" .) $pods -}}
{{- printf `sum(slackline_read_lag{%s} * on (instance, topic) group_left () (slackline_paused_partitions{%s} == bool 0))` $of $of -}}
{{- end }}
