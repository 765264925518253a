package io.repackd.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Rows of text in aligned columns. The last column is not filled up. */
final class Table {
  private static final String GAP = "  ";

  private final List<List<String>> rows = new ArrayList<>();

  Table(String... header) {
    rows.add(List.of(header));
  }

  /** Adds a row with as many cells as the header has. Control characters would break the columns, and more. */
  void add(String... cells) {
    rows.add(List.of(cells).stream().map(cell -> cell.replaceAll("\\p{Cntrl}", "?")).toList());
  }

  void print(PrintWriter out) {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], width(row.get(i)));
      }
    }
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        String cell = row.get(i);
        line.append(cell).append(" ".repeat(widths[i] - width(cell))).append(GAP);
      }
      out.println(line.toString().stripTrailing());
    }
    out.flush();
  }

  private static int width(String text) {
    return text.codePointCount(0, text.length());
  }
}
