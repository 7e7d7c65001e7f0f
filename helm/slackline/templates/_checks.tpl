{{/* Checks that a schema cannot express: values that contradict each other. All faults are reported together. */}}
{{- define "slackline.checks" -}}
{{- $wrong := concat
      (include "slackline.checks.secrets" . | fromJsonArray)
      (include "slackline.checks.pods" . | fromJsonArray)
      (include "slackline.checks.scale" . | fromJsonArray) -}}
{{- if $wrong -}}
{{- fail (printf "\n\nslackline: the values are refused:\n- %s\n" (join "\n- " $wrong)) -}}
{{- end -}}
{{- end }}

{{/* The ConfigMap must not contain secrets, and its variables and files must exist. Errors show no values. */}}
{{- define "slackline.checks.secrets" -}}
{{- $wrong := list -}}
{{- $values := .Values -}}
{{- range $name, $webhook := $values.config.webhooks -}}
{{- if and $webhook.url (or (not (contains "${" $webhook.url)) (contains ":-" $webhook.url)) -}}
{{- $wrong = append $wrong (printf "config.webhooks.%s.url: the URL is a credential and would be readable in a ConfigMap; write ${NAME} and set secrets.env.NAME, or use url_file: /run/secrets/DIR/KEY and secrets.files.DIR" $name) -}}
{{- end -}}
{{- if and $webhook.proxy (regexMatch "//[^/@$]*:[^/@$]+@" $webhook.proxy) -}}
{{- $wrong = append $wrong (printf "config.webhooks.%s.proxy: its password would be readable in a ConfigMap; write ${NAME} and set secrets.env.NAME" $name) -}}
{{- end -}}
{{- end -}}
{{- range $name, $app := $values.config.apps -}}
{{- if and $app.token (or (not (contains "${" $app.token)) (contains ":-" $app.token)) -}}
{{- $wrong = append $wrong (printf "config.apps.%s.token: the token is a credential and would be readable in a ConfigMap; write ${NAME} and set secrets.env.NAME, or use token_file: /run/secrets/DIR/KEY and secrets.files.DIR" $name) -}}
{{- end -}}
{{- if and $app.proxy (regexMatch "//[^/@$]*:[^/@$]+@" $app.proxy) -}}
{{- $wrong = append $wrong (printf "config.apps.%s.proxy: its password would be readable in a ConfigMap; write ${NAME} and set secrets.env.NAME" $name) -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := $values.config.kafka.properties -}}
{{- if and (regexMatch "(password|secret|\\.key\\.pem|sasl\\.oauthbearer\\.config)$" $name) (or (not (contains "${" (toString $value))) (contains ":-" (toString $value))) -}}
{{- $wrong = append $wrong (printf "config.kafka.properties.%s: the secret would be readable in a ConfigMap; write ${NAME} and set secrets.env.NAME" $name) -}}
{{- end -}}
{{- end -}}

{{- $expanded := toYaml (pick $values.config "kafka" "apps" "webhooks") | replace "$${" "" -}}
{{- $known := concat (list "HOSTNAME") (keys $values.secrets.env) -}}
{{- range $values.extraEnv }}{{ $known = append $known .name }}{{ end -}}
{{- range regexFindAll "\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}" $expanded -1 | uniq -}}
{{- $name := trimPrefix "${" . | trimSuffix "}" -}}
{{- if not (or (has $name $known) $values.secrets.envFrom) -}}
{{- $wrong = append $wrong (printf "config: nothing sets ${%s}; add secrets.env.%s: {name: SECRET, key: KEY}, or extraEnv" $name $name) -}}
{{- end -}}
{{- end -}}

{{- range regexFindAll "/run/secrets/[^/\\s\"']+" $expanded -1 | uniq -}}
{{- $name := trimPrefix "/run/secrets/" . -}}
{{- if not (hasKey $values.secrets.files $name) -}}
{{- $wrong = append $wrong (printf "config: nothing is mounted at /run/secrets/%s; add secrets.files.%s: {name: SECRET}" $name $name) -}}
{{- end -}}
{{- end -}}
{{- toJson $wrong -}}
{{- end }}

{{- define "slackline.checks.pods" -}}
{{- $wrong := list -}}
{{- $kafka := .Values.config.kafka -}}
{{- $listen := (.Values.config.admin | default dict).listen -}}
{{- if and $listen (not (has $listen (list "0.0.0.0:9464" "[::]:9464"))) -}}
{{- $wrong = append $wrong "config.admin.listen: remove it; probes and Prometheus connect over the network, to port 9464 (\"[::]:9464\" is allowed too)" -}}
{{- end -}}
{{- $given := .Values.terminationGracePeriodSeconds -}}
{{- $shortest := include "slackline.shortestGrace" . -}}
{{- if and (not $shortest) (not $given) -}}
{{- $wrong = append $wrong "terminationGracePeriodSeconds: required if config.kafka.drain_timeout comes from the environment" -}}
{{- else if and $given $shortest (lt (int64 $given) (int64 $shortest)) -}}
{{- $wrong = append $wrong (printf "terminationGracePeriodSeconds: %d is too short for config.kafka.drain_timeout (%s); use at least %s, or remove it" (int64 $given) ($kafka.drain_timeout | default "5s") $shortest) -}}
{{- end -}}
{{- if and $kafka.instance_id (not (contains "${HOSTNAME}" $kafka.instance_id)) -}}
{{- $wrong = append $wrong "config.kafka.instance_id: must differ by pod, because a second process with the same id ends the first; write ${HOSTNAME}, the pod's name" -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.kafkaPorts) (contains "${" (include "slackline.brokers" .)) -}}
{{- $wrong = append $wrong "networkPolicy.kafkaPorts: required if config.kafka.brokers comes from the environment" -}}
{{- end -}}
{{- if and .Values.monitoring.serviceMonitor.enabled .Values.monitoring.podMonitor.enabled -}}
{{- $wrong = append $wrong "monitoring: serviceMonitor and podMonitor exclude each other: every pod would be scraped twice, and sums doubled" -}}
{{- end -}}
{{- toJson $wrong -}}
{{- end }}

{{/* More replicas than partitions have nothing to read. */}}
{{- define "slackline.checks.scale" -}}
{{- $wrong := list -}}
{{- $scaling := .Values.autoscaling -}}
{{- $partitions := .Values.kafkaPartitions | default 0 | int -}}
{{- if include "slackline.autoscaled" . -}}
{{- $most := include "slackline.maxReplicas" . | int -}}
{{- if not $partitions -}}
{{- $wrong = append $wrong "kafkaPartitions: required with autoscaling: the number of partitions of all topics in config.kafka.topics" -}}
{{- else -}}
{{- if gt $most $partitions -}}
{{- $wrong = append $wrong (printf "autoscaling.maxReplicas: %d replicas for %d partitions (kafkaPartitions): the others would have nothing to read" $most $partitions) -}}
{{- end -}}
{{- if gt (int $scaling.minReplicas) $most -}}
{{- $wrong = append $wrong (printf "autoscaling.minReplicas: %d is above the maximum of %d" (int $scaling.minReplicas) $most) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $scaling.kind "keda") (not $scaling.keda.serverAddress) -}}
{{- $wrong = append $wrong "autoscaling.keda.serverAddress: required: the address of Prometheus, such as http://prometheus.monitoring:9090" -}}
{{- end -}}
{{- else if and $partitions (gt (int .Values.replicaCount) $partitions) -}}
{{- $wrong = append $wrong (printf "replicaCount: %d replicas for %d partitions (kafkaPartitions): the others would have nothing to read" (int .Values.replicaCount) $partitions) -}}
{{- end -}}
{{- toJson $wrong -}}
{{- end }}
