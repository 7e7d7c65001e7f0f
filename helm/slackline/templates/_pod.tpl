{{/* The pod template that the Deployment and the StatefulSet share. */}}
{{- define "slackline.pod" -}}
metadata:
  annotations:
    checksum/config: {{ include "slackline.configChecksum" . }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  labels:
    {{- include "slackline.selectorLabels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "slackline.serviceAccountName" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds | default (include "slackline.shortestGrace" .) | int64 }}
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  containers:
    - name: slackline
      image: {{ include "slackline.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [run, --config, /etc/slackline/slackline.yaml, --log-format, {{ .Values.logFormat }}]
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      {{- if or .Values.secrets.env .Values.logLevel .Values.extraEnv }}
      env:
        {{- range $name, $secret := .Values.secrets.env }}
        - name: {{ $name }}
          valueFrom:
            secretKeyRef:
              name: {{ $secret.name }}
              key: {{ $secret.key }}
        {{- end }}
        {{- with .Values.logLevel }}
        - name: RUST_LOG
          value: {{ . | quote }}
        {{- end }}
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
      {{- with .Values.secrets.envFrom }}
      envFrom:
        {{- range . }}
        - secretRef:
            name: {{ . }}
        {{- end }}
      {{- end }}
      ports:
        - name: metrics
          containerPort: 9464
          protocol: TCP
      startupProbe:
        httpGet: {path: /healthz, port: metrics}
        {{- toYaml .Values.startupProbe | nindent 8 }}
      livenessProbe:
        httpGet: {path: /healthz, port: metrics}
        {{- toYaml .Values.livenessProbe | nindent 8 }}
      readinessProbe:
        httpGet: {path: /readyz, port: metrics}
        {{- toYaml .Values.readinessProbe | nindent 8 }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        # The directory, not the file by subPath: else a changed ConfigMap would never be seen.
        - name: config
          mountPath: /etc/slackline
          readOnly: true
        {{- range $name, $_ := .Values.secrets.files }}
        - name: secret-{{ $name }}
          mountPath: /run/secrets/{{ $name }}
          readOnly: true
        {{- end }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: config
      configMap:
        name: {{ include "slackline.fullname" . }}
    {{- range $name, $secret := .Values.secrets.files }}
    - name: secret-{{ $name }}
      secret:
        secretName: {{ $secret.name }}
        # Only the group (fsGroup) can read it.
        defaultMode: 0440
        {{- with $secret.items }}
        items:
          {{- toYaml . | nindent 10 }}
        {{- end }}
    {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- $revision := ternary "controller-revision-hash" "pod-template-hash" (eq (include "slackline.stateful" $) "true") }}
    {{- $ours := dict
          "labelSelector" (dict "matchLabels" (include "slackline.selectorLabels" $ | fromYaml))
          "matchLabelKeys" (list $revision) }}
    {{- range . }}
    - {{- toYaml (merge (deepCopy .) $ours) | nindent 6 }}
    {{- end }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
{{- end }}
