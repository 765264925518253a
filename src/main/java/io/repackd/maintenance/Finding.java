package io.repackd.maintenance;

/**
 * Something that an examination found.
 *
 * @param fault whether somebody has to do something about it; if not, it is good to know
 * @param subject what it is about, in a word: {@code locks}
 * @param text what was found, in a line
 * @param hint what to do about it, in a line; empty if there is nothing to do
 */
public record Finding(boolean fault, String subject, String text, String hint) {}
