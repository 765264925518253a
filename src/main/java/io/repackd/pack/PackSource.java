package io.repackd.pack;

/**
 * A pack of which some objects are to be copied.
 *
 * @param pack the pack
 * @param selected the positions in its index of the objects to be copied
 */
public record PackSource(PackFile pack, PositionSet selected) {}
