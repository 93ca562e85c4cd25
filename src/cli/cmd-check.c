/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl check: whether this computer has what AppVMs need. */
#include "config.h"

#include "bh-text.h"
#include "commands.h"
#include "output.h"

#include <glib/gi18n.h>
#include <string.h>

static const struct
{
  const char *severity, *word;
  BhStyle style;
} severities[] = {
  { "ok", N_ ("ok"), BH_STYLE_GOOD },
  { "warning", N_ ("warning"), BH_STYLE_WARNING },
  { "error", N_ ("error"), BH_STYLE_BAD },
};

static void
print_line (const char *indent, const char *text)
{
  g_autofree char *clean = bh_text_clean (text, strlen (text), 500);

  if (*clean != '\0')
    printf ("%s%s\n", indent, clean);
}

/* The service speaks English; its words are in our catalogue. */
static const char *
translated (const char *text)
{
  return *text != '\0' ? _ (text) : "";
}

static void
print_check (GVariant *check)
{
  const char *title = "", *severity = "", *detail = "", *value = "", *fix = "", *command = "";
  const char *word = "?";
  g_autofree char *clean = NULL;
  gboolean color = bh_output_has_color (stdout);
  BhStyle style = BH_STYLE_NONE;

  g_variant_lookup (check, "title", "&s", &title);
  g_variant_lookup (check, "severity", "&s", &severity);
  g_variant_lookup (check, "detail", "&s", &detail);
  g_variant_lookup (check, "value", "&s", &value);
  g_variant_lookup (check, "fix", "&s", &fix);
  g_variant_lookup (check, "command", "&s", &command);
  for (gsize i = 0; i < G_N_ELEMENTS (severities); i++)
    if (strcmp (severity, severities[i].severity) == 0)
      {
        word = _ (severities[i].word);
        style = severities[i].style;
      }
  title = translated (title);
  clean = bh_text_clean (title, strlen (title), 200);
  printf ("[%s%s%s] %s\n", color ? bh_output_style (style) : "", word, color ? "\033[0m" : "",
          clean);
  print_line ("    ", translated (detail));
  print_line ("    ", value);
  print_line ("    → ", translated (fix));
  print_line ("      ", command);
}

static gboolean
do_enable_kvm (BhDbusManager1 *manager, GError **error)
{
  g_autoptr (GVariant) reply = g_dbus_proxy_call_sync (
      G_DBUS_PROXY (manager), "EnableKvm", NULL, G_DBUS_CALL_FLAGS_NONE,
      G_MAXINT /* a person may have to answer first */, NULL, error);

  return reply != NULL;
}

int
bh_cmd_check (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean json = FALSE, enable_kvm = FALSE;
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_ ("For programs"), NULL },
    { "enable-kvm", 0, 0, G_OPTION_ARG_NONE, &enable_kvm,
      N_ ("Switch on hardware virtualization first, where this computer has it"), NULL },
    { NULL },
  };
  g_autoptr (BhDbusManager1) manager = NULL;
  g_autoptr (GVariant) checks = NULL;
  g_autoptr (JsonArray) array = json_array_new ();
  GVariantIter iter;
  GVariant *check;
  gboolean good = TRUE;

  if (!bh_cli_parse (command, entries, &argv, 0, 0, error)
      || (manager = bh_cli_get_manager (cli, error)) == NULL || (enable_kvm && !do_enable_kvm (manager, error))
      || !bh_dbus_manager1_call_check_host_sync (manager, &checks, NULL, error))
    return BH_EXIT_FAILED;
  g_variant_iter_init (&iter, checks);
  while (g_variant_iter_loop (&iter, "@a{sv}", &check))
    {
      const char *severity = "";

      g_variant_lookup (check, "severity", "&s", &severity);
      good &= strcmp (severity, "error") != 0;
      if (json)
        json_array_add_element (array, bh_json_from_variant (check));
      else
        print_check (check);
    }
  if (json)
    bh_json_print (json_node_init_array (json_node_alloc (), array));
  return good ? BH_EXIT_OK : BH_EXIT_FAILED;
}
