package io.repackd.web;

/**
 * How the daemon is, for those who ask over HTTP.
 *
 * @param alive whether it does its work, or is about to; restarting a daemon which is not is the right thing to do
 * @param ready whether it is neither starting nor stopping
 * @param state the same in a word, such as {@code running}
 */
public record Health(boolean alive, boolean ready, String state) {}
