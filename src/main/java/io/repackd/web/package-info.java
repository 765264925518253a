/**
 * The HTTP server: metrics, health, readiness.
 *
 * <p>Read {@link io.repackd.web.WebServer} first. Calls {@code metrics}.
 */
@NullMarked
package io.repackd.web;

import org.jspecify.annotations.NullMarked;
