package io.repackd.maintenance;

import java.util.List;

/**
 * What a round would do with the loose objects of an object directory.
 *
 * @param drop how many it would unlink, if their packed copies prove to be sound
 * @param pack how many it would pack
 * @param packBytes how long the files of those are together
 * @param left why others would not be packed, or not dropped: one line for each reason
 */
public record LooseForecast(long drop, long pack, long packBytes, List<String> left) {
  /** Nothing. */
  static final LooseForecast NOTHING = new LooseForecast(0, 0, 0, List.of());

  public LooseForecast {
    left = List.copyOf(left);
  }
}
