/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Errors for people: what happened, what it means, and the next step.
 *
 * The service's message tells the particular case and what to do; the table below says what that
 * kind of error is and means. */
#include "config.h"

#include "bh-trouble.h"

#include "bh-accessible.h"
#include "bh-error.h"
#include "bh-launch.h"
#include "bh-notifier.h"
#include "bh-text.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#define MAX_MESSAGE_BYTES 2000

/* Where the way out is. */
typedef enum
{
  NEXT_NOTHING,
  NEXT_CHECK,       /* the check of this computer has the fix */
  NEXT_LOG,         /* the AppVM's log may say why */
  NEXT_PREFERENCES, /* frozen guests can be removed there */
  NEXT_TEMPLATES,
} Next;

typedef struct
{
  BhError code;
  const char *heading, *meaning;
  gboolean again; /* trying again can help once the person has done something about it */
  Next next;
} Trouble;

/* Buttons for these; the action takes the AppVM's id, or nothing. */
static const struct
{
  Next next;
  const char *label, *action;
} nexts[] = {
  { NEXT_CHECK, N_ ("_Check This Computer"), "check" },
  { NEXT_LOG, N_ ("Show _Log"), "show-log" },
  { NEXT_PREFERENCES, N_ ("_Free Space…"), "preferences" },
  { NEXT_TEMPLATES, N_ ("_Debian Templates"), "templates" },
};

static const Trouble troubles[] = {
  { BH_ERROR_NO_KERNEL, N_ ("No Kernel to Start With"),
    N_ ("An AppVM starts with a Linux kernel from this computer, and none was found."), TRUE, NEXT_CHECK },
  { BH_ERROR_KERNEL_UNREADABLE, N_ ("The Kernel Cannot Be Read"),
    N_ ("An AppVM starts with this computer's Linux kernel, and you may not read its file."),
    TRUE, NEXT_CHECK },
  { BH_ERROR_NO_HYPERVISOR, N_ ("Virtual Machines Are Not Available"),
    N_ ("AppVMs need QEMU and libvirt on this computer, and they could not be reached."), TRUE, NEXT_CHECK },
  { BH_ERROR_NO_DISPLAY, N_ ("No Desktop to Show Windows On"),
    N_ ("Programs in AppVMs show their windows on a Wayland desktop, and it could not be reached."),
    TRUE, NEXT_CHECK },
  { BH_ERROR_NO_MEMORY, N_ ("Not Enough Memory"),
    N_ ("This computer has too little free memory for the AppVM. Close something, or give the "
        "AppVM less."),
    TRUE, NEXT_CHECK },
  { BH_ERROR_DISK_FULL, N_ ("The Disk Is Full"),
    N_ ("There is no room left to write what the AppVM needs."), TRUE, NEXT_PREFERENCES },
  { BH_ERROR_BOOT_FAILED, N_ ("The AppVM Did Not Start"),
    N_ ("Its virtual machine was begun, but did not become ready. Nothing in it has run."), TRUE, NEXT_LOG },
  { BH_ERROR_PROGRAM_NOT_FOUND, N_ ("The Program Is Not Installed"),
    N_ ("It may have been removed from this computer since you chose it."), FALSE, NEXT_NOTHING },
  { BH_ERROR_PROGRAM_UNSUPPORTED, N_ ("This Program Cannot Run in an AppVM"), "", FALSE, NEXT_NOTHING },
  { BH_ERROR_PROGRAM_FAILED, N_ ("The Program Ended Without a Window"),
    N_ ("The AppVM itself works; the program stopped before it showed anything."), TRUE, NEXT_LOG },
  { BH_ERROR_BAD_KEY_FILE, N_ ("The AppVM's File Has a Mistake"),
    N_ ("It was probably edited by hand. Correct the line that is named here."), TRUE, NEXT_NOTHING },
  { BH_ERROR_BUSY, N_ ("The AppVM Is Busy"), "", TRUE, NEXT_NOTHING },
  { BH_ERROR_NOT_RUNNING, N_ ("The AppVM Is Not Running"), "", FALSE, NEXT_NOTHING },
  { BH_ERROR_NOT_FOUND, N_ ("It Is No Longer There"), "", FALSE, NEXT_NOTHING },
  { BH_ERROR_EXISTS, N_ ("The Name Is Taken"), "", FALSE, NEXT_NOTHING },
  { BH_ERROR_NOT_AUTHORIZED, N_ ("Not Allowed"),
    N_ ("This changes something of the whole computer, and nobody who may allow it did."), TRUE },
  { BH_ERROR_LIMIT_REACHED, N_ ("Too Many of Them"), "", TRUE },
  { BH_ERROR_NO_HELPER, N_ ("Bulkhead Cannot Change This Computer"),
    N_ ("Devices and kernel networking need Bulkhead's helper and polkit, and one of them is missing."),
    TRUE },
  { BH_ERROR_NO_NETWORK, N_ ("The Network Cannot Be Given"),
    N_ ("The AppVM was to have a network, and what that needs on this computer is missing."), TRUE },
  { BH_ERROR_NO_KEY, N_ ("The Home Cannot Be Unlocked"),
    N_ ("The home of this AppVM is encrypted, and its key is kept in your keyring."), TRUE, NEXT_NOTHING },
  { BH_ERROR_NO_TEMPLATE, N_ ("Its Debian Is Not Built Yet"),
    N_ ("Programs of this AppVM come from a Debian of its own, which is made on this computer once."),
    FALSE, NEXT_TEMPLATES },
  { BH_ERROR_INVALID_ARGUMENT, N_ ("This Cannot Be Used"), "", FALSE, NEXT_NOTHING },
};

static const Trouble *
find (const GError *error)
{
  if (error->domain == BH_ERROR)
    for (gsize i = 0; i < G_N_ELEMENTS (troubles); i++)
      if ((int) troubles[i].code == error->code)
        return &troubles[i];
  return NULL;
}

void
bh_trouble_describe (const GError *error, const char **heading, const char **meaning)
{
  const Trouble *trouble = find (error);

  *heading = trouble ? _ (trouble->heading) : _ ("Something Went Wrong");
  *meaning = trouble && *trouble->meaning != '\0' ? _ (trouble->meaning) : "";
}

static char *
make_body (const char *meaning, const GError *error)
{
  gsize len = MIN (strlen (error->message), MAX_MESSAGE_BYTES);
  g_autofree char *message = bh_text_clean_lines (error->message, len);

  if (*meaning == '\0')
    return g_steal_pointer (&message);
  return g_strdup_printf ("%s\n\n%s", meaning, message);
}

static GtkWidget *
make_output (const char *output)
{
  GtkWidget *scrolled = gtk_scrolled_window_new ();
  GtkWidget *label = gtk_label_new (output);

  gtk_label_set_selectable (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (label, "monospace");
  gtk_widget_add_css_class (label, "program-output");
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), label);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scrolled), TRUE);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (scrolled), 160);
  gtk_widget_add_css_class (scrolled, "card");
  gtk_accessible_update_property (GTK_ACCESSIBLE (label), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  _ ("What the program wrote"), -1);
  return scrolled;
}

/* What "Try Again" needs. */
typedef struct
{
  BhVmItem *item;
  BhJob *job;
} Again;

static void
again_free (gpointer data, GClosure *closure)
{
  Again *again = data;

  g_object_unref (again->item);
  g_object_unref (again->job);
  g_free (again);
}

/* @item: (nullable): for what is about one AppVM. */
static gboolean
go_on (const char *response, BhVmItem *item)
{
  GApplication *application = g_application_get_default ();

  for (gsize i = 0; i < G_N_ELEMENTS (nexts); i++)
    if (g_str_equal (response, nexts[i].action))
      {
        GVariant *id = item && nexts[i].next == NEXT_LOG
                           ? g_variant_new_string (bh_vm_item_get_id (item))
                           : NULL;

        g_action_group_activate_action (G_ACTION_GROUP (application), nexts[i].action, id);
        return TRUE;
      }
  return FALSE;
}

static void
add_next (AdwMessageDialog *dialog, const Trouble *trouble, gboolean has_item)
{
  for (gsize i = 0; trouble && i < G_N_ELEMENTS (nexts); i++)
    if (nexts[i].next == trouble->next && (has_item || trouble->next != NEXT_LOG))
      adw_message_dialog_add_response (dialog, nexts[i].action, _ (nexts[i].label));
}

static void
on_plain_response (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  go_on (response, NULL);
}

static void
on_response (AdwMessageDialog *dialog, const char *response, Again *again)
{
  GtkWidget *window = GTK_WIDGET (gtk_window_get_transient_for (GTK_WINDOW (dialog)));

  if (go_on (response, again->item) || !window || !g_str_equal (response, "again"))
    return;
  switch (bh_job_get_kind (again->job))
    {
    case BH_JOB_LAUNCH:
    case BH_JOB_DISPOSABLE:
      bh_launch_program (again->item, bh_job_get_kind (again->job), bh_job_get_app (again->job),
                         bh_job_get_label (again->job), window);
      break;
    case BH_JOB_START:
      bh_launch_start (again->item, window);
      break;
    case BH_JOB_STOP:
      /* It did not stop when it was asked to. */
      bh_launch_stop (again->item, TRUE, window);
      break;
    case BH_JOB_HOME:
    case BH_JOB_BUILD:
    case BH_JOB_CHECK:
    case BH_JOB_OPEN:
    case BH_JOB_COPY: /* told where they are begun */
      break;
    }
}

void
bh_trouble_present (GtkWindow *window, BhVmItem *item, BhJob *job, const GError *error)
{
  const Trouble *trouble = find (error);
  const char *heading, *meaning;
  g_autofree char *body = NULL;
  AdwMessageDialog *dialog;
  Again *again;

  if (g_error_matches (error, BH_ERROR, BH_ERROR_CANCELLED))
    return;
  bh_trouble_describe (error, &heading, &meaning);
  if (!trouble && bh_job_get_kind (job) == BH_JOB_STOP)
    heading = _ ("The AppVM Did Not Stop");
  else if (!trouble)
    heading = _ ("The Program Could Not Be Started");
  body = make_body (meaning, error);
  bh_notify_unseen (item, heading, error->message);
  dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (window, heading, body));
  if (bh_job_get_output (job))
    adw_message_dialog_set_extra_child (dialog, make_output (bh_job_get_output (job)));
  adw_message_dialog_add_response (dialog, "close", _ ("_Close"));
  adw_message_dialog_set_close_response (dialog, "close");
  add_next (dialog, trouble, TRUE);
  if (!trouble || trouble->again)
    {
      gboolean stop = bh_job_get_kind (job) == BH_JOB_STOP;

      adw_message_dialog_add_response (dialog, "again",
                                       stop ? _ ("Stop at _Once") : _ ("_Try Again"));
      adw_message_dialog_set_response_appearance (
          dialog, "again", stop ? ADW_RESPONSE_DESTRUCTIVE : ADW_RESPONSE_SUGGESTED);
      adw_message_dialog_set_default_response (dialog, "again");
    }
  again = g_new0 (Again, 1);
  again->item = g_object_ref (item);
  again->job = g_object_ref (job);
  g_signal_connect_data (dialog, "response", G_CALLBACK (on_response), again, again_free, 0);
  bh_accessible_tidy (GTK_WIDGET (dialog));
  gtk_window_present (GTK_WINDOW (dialog));
}

void
bh_trouble_present_plain (GtkWindow *window, const char *doing, const GError *error)
{
  const char *heading, *meaning;
  g_autofree char *body = NULL;
  AdwMessageDialog *dialog;

  bh_trouble_describe (error, &heading, &meaning);
  body = make_body (meaning, error);
  dialog = ADW_MESSAGE_DIALOG (
      adw_message_dialog_new (window, doing && !find (error) ? doing : heading, body));
  adw_message_dialog_add_response (dialog, "close", _ ("_Close"));
  adw_message_dialog_set_close_response (dialog, "close");
  add_next (dialog, find (error), FALSE);
  g_signal_connect (dialog, "response", G_CALLBACK (on_plain_response), NULL);
  bh_accessible_tidy (GTK_WIDGET (dialog));
  gtk_window_present (GTK_WINDOW (dialog));
}
