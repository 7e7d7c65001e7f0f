{{/* The content of slackline.yaml. It listens on all addresses, because probes and Prometheus connect over the network. */}}
{{- define "slackline.config" -}}
{{- $admin := .Values.config.admin | default dict -}}
{{- $listen := dict "listen" ($admin.listen | default "0.0.0.0:9464") -}}
{{- $group := dict "group_id" (include "slackline.group" .) -}}
{{- toYaml (merge (dict "admin" $listen "kafka" $group) (deepCopy .Values.config)) -}}
{{- end }}

{{/* The consumer group: the release's name, so that two releases do not share one. */}}
{{- define "slackline.group" -}}
{{- .Values.config.kafka.group_id | default .Release.Name -}}
{{- end }}

{{/* The checksum of the configuration whose changes restart the pods: all of it, or the part that a running worker cannot reload. */}}
{{- define "slackline.configChecksum" -}}
{{- $config := include "slackline.config" . -}}
{{- if not .Values.restartOnConfigChange -}}
{{- $config = omit (fromYaml $config) "webhooks" "actions" | toYaml -}}
{{- end -}}
{{- sha256sum $config -}}
{{- end }}

{{/* config.kafka.drain_timeout in whole seconds, rounded up; empty if it comes from the environment. */}}
{{- define "slackline.drainSeconds" -}}
{{- $drain := .Values.config.kafka.drain_timeout | default "5s" -}}
{{- if regexMatch "^[0-9]+(ms|s|m|h)$" $drain -}}
{{- $number := regexFind "^[0-9]+" $drain | int64 -}}
{{- $unit := regexFind "[a-z]+$" $drain -}}
{{- if eq $unit "ms" -}}
{{- div (add $number 999) 1000 -}}
{{- else -}}
{{- mul $number (get (dict "s" 1 "m" 60 "h" 3600) $unit) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The shortest grace period: two drains, because a shutdown can follow a rebalance, and 10 s to commit and leave the group. */}}
{{- define "slackline.shortestGrace" -}}
{{- $drain := include "slackline.drainSeconds" . -}}
{{- if $drain -}}
{{- add (mul 2 (int64 $drain)) 10 -}}
{{- end -}}
{{- end }}

{{/* The brokers as one string, separated by commas. */}}
{{- define "slackline.brokers" -}}
{{- $brokers := .Values.config.kafka.brokers -}}
{{- if kindIs "slice" $brokers }}{{ join "," $brokers }}{{ else }}{{ $brokers }}{{ end -}}
{{- end }}

{{/* The brokers' ports, separated by commas. librdkafka's default is 9092. */}}
{{- define "slackline.kafkaPorts" -}}
{{- $ports := list -}}
{{- range .Values.networkPolicy.kafkaPorts -}}
{{- $ports = append $ports (toString (int .)) -}}
{{- end -}}
{{- if not $ports -}}
{{- range splitList "," (include "slackline.brokers" .) -}}
{{- $port := regexFind ":[0-9]+$" (trim .) | trimPrefix ":" -}}
{{- $ports = append $ports ($port | default "9092") -}}
{{- end -}}
{{- end -}}
{{- $ports | uniq | sortAlpha | join "," -}}
{{- end }}
