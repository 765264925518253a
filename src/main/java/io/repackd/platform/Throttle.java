package io.repackd.platform;

/** Why work waits. */
public enum Throttle {
  /** Somebody has asked for it. */
  PAUSE("pause", "paused", true),
  /** The machine runs on its battery. */
  BATTERY("battery", "on battery", true),
  /** Others wait for a processor. */
  CPU("cpu", "the processors are busy", false),
  /** Others wait for a disk. */
  IO("io", "the disks are busy", false),
  /** Others wait for memory. */
  MEMORY("memory", "memory is short", false);

  private final String label;
  private final String words;
  private final boolean stops;

  Throttle(String label, String words, boolean stops) {
    this.label = label;
    this.words = words;
    this.stops = stops;
  }

  /** The value of a metric's label. */
  public String label() {
    return label;
  }

  /** For a person. */
  public String words() {
    return words;
  }

  /** Whether nothing is done as long as it lasts. What does not stop work slows it down. */
  public boolean stops() {
    return stops;
  }
}
