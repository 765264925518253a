package io.repackd.objectdir;

/**
 * A file in the pack directory that belongs to no complete pack.
 *
 * @param kind what it seems to be
 * @param stamp the file
 */
public record GarbageFile(GarbageKind kind, FileStamp stamp) {}
