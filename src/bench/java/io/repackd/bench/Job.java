package io.repackd.bench;

import java.util.List;

/** What both are asked to do. */
enum Job {
  /** Write the multi-pack-index where there is none. */
  WRITE("write"),

  /** Write it where it lists all packs but the ten newest. */
  ADD_10("write"),

  /** Write it where it lists all packs already. */
  UNCHANGED("write"),

  /** Verify it. */
  VERIFY("verify"),

  /** Delete the packs that own nothing. */
  EXPIRE("expire");

  /** How many packs {@link #ADD_10} adds. */
  static final int ADDED_PACKS = 10;

  private final String verb;

  Job(String verb) {
    this.verb = verb;
  }

  /** What {@code multi-pack-index} is told to do. */
  String verb() {
    return verb;
  }

  /** What it is called on the command line and in the table. */
  String label() {
    return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
  }

  /** The jobs that make sense with a sample: where packs can be expired, that is what it was made for. */
  static List<Job> of(String sample) {
    return sample.endsWith("x") ? List.of(EXPIRE) : List.of(WRITE, ADD_10, UNCHANGED, VERIFY);
  }
}
