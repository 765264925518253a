package io.repackd.midx;

import java.nio.file.Path;

/**
 * Something that is wrong with a multi-pack-index or with a pack that it lists.
 *
 * @param type what is wrong
 * @param file the file in which it is wrong, or which is not there
 * @param message what is wrong, in one line that names the file and the place
 */
public record Fault(Type type, Path file, String message) {
  /** What has to be done about it. */
  public Kind kind() {
    return type.kind;
  }

  /** What has to be done about a fault. */
  public enum Kind {
    /** The index is wrong: it can be written anew from the packs. */
    INDEX_WRONG("index-wrong"),
    /** A pack or its index is damaged: writing the index anew does not help, and nothing may be deleted. */
    PACK_WRONG("pack-wrong"),
    /** A pack that the index lists is not there: somebody may just have replaced it, so it is worth another look. */
    PACK_GONE("pack-gone");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    /** The name in logs and metrics. */
    public String label() {
      return label;
    }
  }

  /** What can be wrong, in the order in which it is looked for. Source: gitformat-pack and gitformat-chunk. */
  public enum Type {
    /** The file is too short to be an index. */
    LENGTH("length", Kind.INDEX_WRONG),
    /** The file does not begin with MIDX. */
    SIGNATURE("signature", Kind.INDEX_WRONG),
    /** The file says that it has another hash function than the repository. */
    HASH_FUNCTION("hash-function", Kind.INDEX_WRONG),
    /** The chunk table has no end, or a chunk lies outside of the file, upon another, or at an odd place. */
    CHUNK_TABLE("chunk-table", Kind.INDEX_WRONG),
    /** A chunk without which there is no index is missing. */
    CHUNK_MISSING("chunk-missing", Kind.INDEX_WRONG),
    /** A chunk has not the length that its content demands. */
    CHUNK_LENGTH("chunk-length", Kind.INDEX_WRONG),
    /** A name in PNAM is one that no pack index has, or has no end. */
    PACK_NAME("pack-name", Kind.INDEX_WRONG),
    /** The names in PNAM do not ascend. */
    PACK_NAME_ORDER("pack-name-order", Kind.INDEX_WRONG),
    /** The counts in OIDF do not ascend. */
    FANOUT("fanout", Kind.INDEX_WRONG),
    /** The trailing checksum does not match the content. */
    CHECKSUM("checksum", Kind.INDEX_WRONG),
    /** There is no object in it. */
    NO_OBJECTS("no-objects", Kind.INDEX_WRONG),
    /** The ids in OIDL do not ascend, or one is not where OIDF says. */
    OBJECT_ORDER("object-order", Kind.INDEX_WRONG),
    /** An entry in OOFF names a pack that PNAM does not have. */
    PACK_NUMBER("pack-number", Kind.INDEX_WRONG),
    /** An entry in OOFF points outside of LOFF. */
    LARGE_OFFSET("large-offset", Kind.INDEX_WRONG),
    /** RIDX is not the order in which a bitmap has the objects. */
    REVERSE_INDEX("reverse-index", Kind.INDEX_WRONG),
    /** BTMP is not where RIDX has the objects of each pack. */
    BITMAPPED_PACKS("bitmapped-packs", Kind.INDEX_WRONG),
    /** A pack that is listed, or its index, is not there. */
    PACK_GONE("pack-gone", Kind.PACK_GONE),
    /** The index of a pack is malformed. */
    PACK_INDEX("pack-index", Kind.PACK_WRONG),
    /** A pack cannot be read, or is not the one that its index was made for. */
    PACK_FILE("pack-file", Kind.PACK_WRONG),
    /** An object is not in its pack, or not at the offset in OOFF or LOFF; or that is beyond 2^63 - 1. */
    OFFSET("offset", Kind.INDEX_WRONG),
    /** The content of a pack or of its index does not match a checksum. */
    PACK_CONTENT("pack-content", Kind.PACK_WRONG);

    private final String label;
    private final Kind kind;

    Type(String label, Kind kind) {
      this.label = label;
      this.kind = kind;
    }

    /** The name in messages for programs. */
    public String label() {
      return label;
    }
  }
}
