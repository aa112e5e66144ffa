/** The broker in both providers. */
export const KAFKA_VERSION = '4.4.0'
export const LOG4J_VERSION = '2.25.5'
const { TLSREP_TEST_KAFKA_IMAGE } = process.env
export const KAFKA_IMAGE = TLSREP_TEST_KAFKA_IMAGE ?? `apache/kafka:${KAFKA_VERSION}`
