package io.repackd.maintenance;

/** Is told what a requested verb has to say while it is at work. */
public interface RequestListener {
  /** Something that whoever asked should know, and that keeps nothing from being done: one line. */
  void warn(String line);

  /** A step begins that may take its time. */
  void begin(String step);
}
