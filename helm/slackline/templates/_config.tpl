{{/* slackline.yaml as the worker reads it. Probes and Prometheus come over the network, so loopback would not do. */}}
{{- define "slackline.config" -}}
{{- $admin := .Values.config.admin | default dict -}}
{{- $listen := dict "listen" ($admin.listen | default "0.0.0.0:9464") -}}
{{- toYaml (merge (dict "admin" $listen) (deepCopy .Values.config)) -}}
{{- end }}

{{/* What a pod has to be restarted for: all of it, or what a running worker does not take up. */}}
{{- define "slackline.configChecksum" -}}
{{- $config := include "slackline.config" . -}}
{{- if not .Values.restartOnConfigChange -}}
{{- $config = omit (fromYaml $config) "webhooks" "actions" | toYaml -}}
{{- end -}}
{{- sha256sum $config -}}
{{- end }}

{{/* config.kafka.drain_timeout in whole seconds, rounded up; empty where it comes from the environment. */}}
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

{{/* A stop can come while a rebalance drains: two drains, and 10 s for the last commit and for leaving the group. */}}
{{- define "slackline.shortestGrace" -}}
{{- $drain := include "slackline.drainSeconds" . -}}
{{- if $drain -}}
{{- add (mul 2 (int64 $drain)) 10 -}}
{{- end -}}
{{- end }}

{{/* Brokers as one text with commas. */}}
{{- define "slackline.brokers" -}}
{{- $brokers := .Values.config.kafka.brokers -}}
{{- if kindIs "slice" $brokers }}{{ join "," $brokers }}{{ else }}{{ $brokers }}{{ end -}}
{{- end }}

{{/* The brokers' ports, with commas. librdkafka takes 9092 where none is named. */}}
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
