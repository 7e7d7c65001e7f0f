# shellcheck shell=bash disable=SC2154 # sourced by kafka.sh, which defines the variables
# Adds one listener per security case. The folder holds NAME.pem (key and chain) for server, expired
# and other, ca.pem, jwks.json and the password of the user `slackline`.
secure_listeners() {
    local id="$1" listeners="PLAINTEXT://127.0.0.1:$2" map=PLAINTEXT:PLAINTEXT name certificate protocol found='' all=''
    for name in TLS MTLS SASL EXPIRED OTHER LOGIN; do
        free_port
        listeners+=",$name://127.0.0.1:$chosen_port"
        found+="${found:+,}$name=127.0.0.1:$chosen_port"
        case $name in
            EXPIRED) certificate=expired ;;
            OTHER) certificate=other ;;
            *) certificate=server ;;
        esac
        case $name in
            SASL) protocol=SASL_SSL ;;
            LOGIN) protocol=SASL_PLAINTEXT ;;
            *) protocol=SSL ;;
        esac
        map+=",$name:$protocol"
        all+="listener.name.${name,,}.ssl.keystore.type=PEM
listener.name.${name,,}.ssl.keystore.location=$secure/$certificate.pem
"
    done
    # The validator must be set for the listener: Kafka 4.1 ignores one that is set for the
    # mechanism only, and its default does not verify signatures.
    local sasl=org.apache.kafka.common.security
    cat >>"$dir/$id/server.properties" <<PROPERTIES
listeners=$listeners,CONTROLLER://127.0.0.1:$3
advertised.listeners=$listeners
listener.security.protocol.map=$map,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
connection.failed.authentication.delay.ms=50
${all}listener.name.mtls.ssl.client.auth=required
listener.name.mtls.ssl.truststore.type=PEM
listener.name.mtls.ssl.truststore.location=$secure/ca.pem
listener.name.login.sasl.enabled.mechanisms=PLAIN
listener.name.login.plain.sasl.jaas.config=$sasl.plain.PlainLoginModule required user_slackline="$(cat "$secure/password")";
listener.name.sasl.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512,OAUTHBEARER
listener.name.sasl.plain.sasl.jaas.config=$sasl.plain.PlainLoginModule required user_slackline="$(cat "$secure/password")";
listener.name.sasl.scram-sha-512.sasl.jaas.config=$sasl.scram.ScramLoginModule required;
listener.name.sasl.oauthbearer.sasl.jaas.config=$sasl.oauthbearer.OAuthBearerLoginModule required;
listener.name.sasl.oauthbearer.sasl.server.callback.handler.class=$sasl.oauthbearer.OAuthBearerValidatorCallbackHandler
listener.name.sasl.oauthbearer.sasl.oauthbearer.jwks.endpoint.url=file://$secure/jwks.json
listener.name.sasl.oauthbearer.sasl.oauthbearer.expected.audience=kafka
listener.name.sasl.sasl.oauthbearer.jwt.validator.class=$sasl.oauthbearer.BrokerJwtValidator
PROPERTIES
    echo "$found" >"$dir/secure"
}
