"""What an address says of itself: that it is a function's and not a person's, or one that is thrown away soon.

A flag is a remark, never a refusal: whom to write to stays the organisation's choice.
"""

from disposable_email_domains import blocklist

ROLE = "role"
DISPOSABLE = "disposable"
LABELS = {ROLE: "Role address", DISPOSABLE: "Disposable address"}

# RFC 2142, and what companies call their own boxes in the languages of the importer's column names.
ROLES = frozenset(
    """
    abuse accounting accounts accueil admin administracao administracion administrador administration administrator
    administrativo amministrazione anfrage anfragen apply apoio ayuda bewerbung bewerbungen billing biuro board booking
    bookings bookkeeping buchhaltung buero business careers comercial commercial commerciale compliance comunicacion
    contabilidad contabilidade contabilita contact contacto contato contatti contatto contacts customercare
    customerservice datenschutz dataprotection demo direccion direction direzione dpo einkauf empfang enquiries enquiry
    events everyone facturacion faktura faturamento feedback finance firma formation ftp geral gerencia
    gestion geschaeftsfuehrung hallo hello help helpdesk hilfe hola hostmaster hr info information informacion
    informacoes informatique informazioni inquiries inquiry invoice invoices it jobs karriere kontakt kundendienst
    kundenservice kontor legal list mail mailbox mailer-daemon marketing media moderator news newsletter
    no-reply noc noreply nobody office oficina orders ordini pagos partner partners payments pedidos personal postmaster
    presse press prensa privacy procurement purchasing prodaja recepcion reception rechnung rechnungen recruiting
    recruitment recursoshumanos redaktion registration rekrutacja reservas reservations reservierung rh root rrhh sales
    secretaria secretariat security segreteria sekretariat service servicio shop soporte sprzedaz staff studio subscribe
    supplier support suporte team tech technik techsupport trabalhe undisclosed-recipients unsubscribe usenet uucp
    vendas ventas verkauf vertrieb verwaltung webmaster welcome www zentrale
    """.split()  # noqa: SIM905 (a list of a hundred and fifty literals is not read)
)


def flags_of(key: str) -> list[str]:
    """The flags of a normalised address (`Address.key`)."""
    local, _, domain = key.rpartition("@")
    flags = [ROLE] if local in ROLES or local.partition("+")[0] in ROLES else []
    return [*flags, DISPOSABLE] if is_disposable(domain) else flags


def is_disposable(domain: str) -> bool:
    """Whether the domain or one above it hands out addresses for minutes."""
    while "." in domain:
        if domain in blocklist:
            return True
        domain = domain.partition(".")[2]
    return False
