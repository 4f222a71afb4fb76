"""What exporters call their columns: Google, Outlook, HubSpot, Apollo, LinkedIn, Salesforce and others, in many languages.

Headers are compared without case, accents, punctuation, blanks and numbers: `E-mail 1 - Value` is `emailvalue`.
"""

import re
import unicodedata
from functools import lru_cache

# The fields a column can be mapped to, as people read them; others are `fields.<name>`, a custom field.
LABELS = {
    "email": "Email address",
    "email2": "Second address",
    "email3": "Third address",
    "first_name": "First name",
    "last_name": "Last name",
    "full_name": "Full name",
    "company": "Company",
    "title": "Job title",
    "phone": "Phone",
    "tags": "Tags",
}
# In the order in which they are asked.
ADDRESSES = ("email", "email2", "email3")
CUSTOM = "fields."

# A name whose meaning depends on the others: beside a first name it is the last name, and the other way round.
NAME = "name"

# The most telling spelling first: where several columns could be one field, the one that comes first here is taken.
SPELLINGS = {
    "email": """email | e-mail address | e-mail value | mail | mail address | work email | business email |
        primary email | contact email | company email | email work | email home | personal email |
        secondary email | other email | email id | lead email | person email | e-mail-adresse | mailadresse |
        e-mail geschäftlich | e-mail privat | adresse e-mail | adresse mail | adresse électronique | courriel |
        adresse courriel | adresse de messagerie | correo | correo electrónico | dirección de correo |
        dirección de correo electrónico | indirizzo e-mail | indirizzo di posta elettronica |
        posta elettronica | e-mailadres | mailadres | endereço de e-mail | correio eletrônico |
        correio electrónico | adres e-mail | adres email | poczta | e-postadress | e-post | e-postadresse |
        sähköposti | sähköpostiosoite | e-mailová adresa | email címe | e-mail cím | adresa de e-mail |
        e-posta | e-posta adresi | электронная почта | почта | эл почта | електронна пошта | имейл | メールアドレス |
        メール | eメール | 邮箱 | 电子邮件 | 电子邮箱 | 郵箱 | 電子郵件 | 이메일 | 이메일 주소""",
    "first_name": """first name | given name | firstname | forename | first | christian name |
        contact first name | vorname | rufname | prénom | nombre de pila | primer nombre | nombres |
        nome proprio | nome di battesimo | voornaam | primeiro nome | nome próprio | imię | förnamn | fornavn |
        etunimi | křestní jméno | jméno | keresztnév | utónév | prenume | isim | adı | имя | ім'я | іме | име |
        名 | 名字 | 이름""",
    "last_name": """last name | family name | surname | lastname | last | contact last name | nachname |
        familienname | zuname | nom de famille | apellido | apellidos | primer apellido | cognome | achternaam |
        familienaam | sobrenome | apelido | último nome | nazwisko | efternamn | etternavn | efternavn |
        sukunimi | příjmení | vezetéknév | családnév | nume de familie | soyadı | soyad | soyisim | фамилия |
        прізвище | фамилно име | 姓 | 姓氏 | 성""",
    "full_name": """full name | contact name | display name | lead name | person name | complete name |
        contact | ansprechpartner | vollständiger name | kontaktname | vor- und nachname | nom complet |
        prénom et nom | nom et prénom | nombre completo | nombre y apellidos | nome completo | nome e cognome |
        volledige naam | imię i nazwisko | namn och efternamn | fullständigt namn | fullt navn | koko nimi |
        celé jméno | teljes név | nume complet | ad soyad | полное имя | фио | 姓名 | 氏名 | お名前 | 성명""",
    NAME: "name | nom | nombre | nome | naam | namn | navn | nimi | név | nume | ad | nazwa | 名前",
    "company": """company | company name | organization name | organisation name | organization | organisation |
        account name | company account | associated company | employer | current company | business |
        business name | account | firma | firmenname | unternehmen | unternehmensname | arbeitgeber | betrieb |
        société | entreprise | nom de l'entreprise | nom de la société | raison sociale | organisme | empresa |
        nombre de la empresa | compañía | organización | azienda | società | ditta | ragione sociale |
        nome azienda | bedrijf | bedrijfsnaam | organisatie | nome da empresa | companhia | nazwa firmy |
        przedsiębiorstwo | företag | företagsnamn | bolag | virksomhed | firmanavn | bedrift | yritys |
        společnost | cég | cégnév | companie | şirket | şirket adı | компания | организация | компанія | фирма |
        会社 | 会社名 | 公司 | 公司名称 | 公司名稱 | 회사 | 회사명""",
    "title": """job title | title | position | organization title | organisation title | job | role | job role |
        job position | headline | current title | occupation | function | designation | titel |
        berufsbezeichnung | stelle | funktion | beruf | stellenbezeichnung | jobtitel | poste | fonction |
        titre | intitulé du poste | intitulé de poste | cargo | puesto | título | puesto de trabajo |
        qualifica | ruolo | posizione | titolo | mansione | functie | functietitel | função | título do cargo |
        stanowisko | befattning | titel befattning | stilling | stillingsbetegnelse | ammatti | titteli |
        pozice | funkce | beosztás | munkakör | funcție | funcția | unvan | görev | pozisyon | должность |
        посада | длъжност | 役職 | 职位 | 職位 | 职务 | 직책 | 직함""",
    "phone": """phone | phone number | telephone | telephone number | phone value | mobile phone | mobile |
        mobile number | mobile phone number | cell | cell phone | business phone | work phone |
        work direct phone | direct phone | corporate phone | company phone | primary phone | home phone |
        other phone | tel | contact number | telefon | telefonnummer | rufnummer | telefon geschäftlich |
        telefon geschäft | geschäftlich telefon | mobiltelefon | mobil | handy | handynummer | mobilnummer |
        téléphone | numéro de téléphone | tél | portable | téléphone mobile | téléphone professionnel |
        mobile téléphone | teléfono | número de teléfono | móvil | celular | teléfono móvil | telefono |
        numero di telefono | cellulare | telefonino | telefoonnummer | telefoon | mobiel | gsm | telefone |
        número de telefone | telemóvel | telefone celular | numer telefonu | telefon komórkowy | komórka |
        telefonnr | mobiltelefonnummer | tlf | puhelin | puhelinnumero | matkapuhelin | telefonszám |
        mobiltelefon szám | număr de telefon | telefon mobil | telefon numarası | cep telefonu | телефон |
        номер телефона | мобильный телефон | мобильный | 電話番号 | 電話 | 携帯電話 |
        电话 | 手机 | 手机号 | 전화 | 전화번호 | 휴대폰""",
    "tags": """tags | tag | labels | label | categories | category | groups | group membership | schlagwörter |
        schlagworte | kategorien | kategorie | gruppen | etiketten | étiquettes | libellés | catégories |
        etiquetas | categorías | etichette | categorie | categorieën | marcadores | categorias | tagi |
        etykiety | etiketter | kategorier | tunnisteet | štítky | címkék | etichete | etiketler | теги | метки |
        タグ | 标签 | 標籤 | 태그""",
}

CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
NOT_LETTERS = re.compile(r"[\W\d_]+")


@lru_cache(maxsize=4096)
def key_of(header: str) -> str:
    """`header` without what spellings differ by."""
    plain = unicodedata.normalize("NFKD", CAMEL.sub(" ", header.strip("\ufeff"))).casefold()
    return NOT_LETTERS.sub("", "".join(char for char in plain if not unicodedata.combining(char)))


def spellings() -> dict[str, tuple[str, int]]:
    """Key → what it means, and how telling it is (0: most). A spelling of two fields belongs to the first."""
    found: dict[str, tuple[str, int]] = {}
    for field, words in SPELLINGS.items():
        for rank, word in enumerate(words.split("|")):
            found.setdefault(key_of(word), (field, rank))
    return found


MEANINGS = spellings()


def meaning(header: str) -> tuple[str, int] | None:
    """The field that a column of this name holds (or NAME), and how telling its name is; None where it says nothing."""
    return MEANINGS.get(key_of(header))
