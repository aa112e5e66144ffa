#!/bin/sh
# Gives one part of tlsrep the rights that it needs on Kafka, and no more. Run by somebody who may Alter the cluster:
#   acls.sh BROKER:PORT ROLE PRINCIPAL [NAME] [TOPIC_PREFIX]
#   acls.sh kafka1:9092 collector User:tlsrep-mx1 mx1
# ROLE: migrate, collector, scorer, publisher. NAME: collector.name of the configuration, for a collector. TOPIC_PREFIX: kafka.topic_prefix.
# KAFKA_ACLS names Kafka's own tool where it is not in the PATH; what else it needs to log in: KAFKA_ACLS='kafka-acls.sh --command-config FILE'.
set -eu

usage() {
  sed -n '2,6s/^# //p' "$0" >&2
  exit 2
}
[ $# -ge 3 ] || usage
server=$1 role=$2 principal=$3 name=${4:-} prefix=${5:-}

allow() {
  # Words: the tool may come with options.
  # shellcheck disable=SC2086
  ${KAFKA_ACLS:-kafka-acls.sh} --bootstrap-server "$server" --add --allow-principal "$principal" "$@"
}
topic() {
  of=$prefix$1
  shift
  allow --topic "$of" "$@"
}

# Whoever connects looks at all the topics, so that a missing one is told at the start.
for each in negotiations listings overrides checkpoints deadletter; do
  topic "tls.$each" --operation Describe
done

case $role in
  migrate)
    # Makes topics, and looks at the settings of those that are there.
    for each in negotiations listings overrides checkpoints deadletter; do
      topic "tls.$each" --operation Create --operation DescribeConfigs
    done
    # Asks who would keep a transaction and a group of this name, so that Kafka makes the topics for them.
    allow --transactional-id tlsrep-migrate --operation Describe
    allow --group tlsrep-migrate --operation Describe
    ;;
  collector)
    [ -n "$name" ] || usage
    # Events and the position in the log are one transaction; its id is the collector's name, so nobody else may have it.
    allow --transactional-id "$name" --operation Write --operation Describe
    topic tls.negotiations --operation Write
    topic tls.checkpoints --operation Write --operation Read
    topic tls.deadletter --operation Write
    ;;
  scorer)
    topic tls.negotiations --operation Read
    topic tls.listings --operation Read --operation Write
    topic tls.overrides --operation Read
    topic tls.deadletter --operation Read --operation Write
    allow --group tlsrep- --resource-pattern-type prefixed --operation Read --operation Describe
    ;;
  publisher)
    # Reads the whole list, by no group, and writes what operators decide.
    topic tls.listings --operation Read
    topic tls.overrides --operation Read --operation Write
    ;;
  *) usage ;;
esac
