package kind

// months are the names and abbreviations of months in the languages in which
// absence notes are read, in lower case, in the cases in which dates stand.
var months = map[string]int{
	"january": 1, "jan": 1, "february": 2, "feb": 2, "march": 3, "mar": 3, "april": 4, "apr": 4, "may": 5, "june": 6,
	"jun": 6, "july": 7, "jul": 7,
	"august": 8, "aug": 8, "september": 9, "sep": 9, "sept": 9, "october": 10, "oct": 10, "november": 11, "nov": 11,
	"december": 12, "dec": 12,
	// pl: in the genitive, and as some write them
	"stycznia": 1, "styczeń": 1, "lutego": 2, "luty": 2, "marca": 3, "marzec": 3, "kwietnia": 4, "kwiecień": 4, "maja": 5,
	"maj": 5, "czerwca": 6, "czerwiec": 6,
	"lipca": 7, "lipiec": 7, "sierpnia": 8, "sierpień": 8, "września": 9, "wrzesień": 9, "października": 10,
	"październik": 10, "listopada": 11, "listopad": 11, "grudnia": 12, "grudzień": 12,
	// sv
	"januari": 1, "februari": 2, "mars": 3, "juni": 6, "juli": 7, "augusti": 8, "oktober": 10, "okt": 10,
	// it
	"gennaio": 1, "febbraio": 2, "marzo": 3, "aprile": 4, "maggio": 5, "giugno": 6, "luglio": 7, "agosto": 8, "settembre": 9,
	"ottobre": 10, "novembre": 11, "dicembre": 12,
	// id
	"maret": 3, "mei": 5, "agustus": 8, "nopember": 11, "desember": 12,
	// de, fr, es, pt, nl, da: the neighbours whose notes come along
	"januar": 1, "februar": 2, "märz": 3, "mai": 5, "dezember": 12, "marts": 3,
	"janvier": 1, "février": 2, "avril": 4, "juin": 6, "juillet": 7, "août": 8, "septembre": 9, "octobre": 10, "décembre": 12,
	"enero": 1, "febrero": 2, "abril": 4, "mayo": 5, "junio": 6, "julio": 7, "septiembre": 9, "octubre": 10, "noviembre": 11,
	"diciembre": 12,
	"janeiro":   1, "fevereiro": 2, "março": 3, "maio": 5, "junho": 6, "julho": 7, "setembro": 9, "outubro": 10,
	"novembro": 11, "dezembro": 12,
	"maart": 3, "augustus": 8,
}

// between are the words that may stand between what announces a day and the
// day, or inside it: articles and days of the week.
var between = map[string]bool{
	"the": true, "on": true, "of": true, "and": true, "including": true, "at": true, "morning": true, "from": true,
	"monday": true, "tuesday": true, "wednesday": true, "thursday": true, "friday": true, "saturday": true, "sunday": true,
	"mon": true, "tue": true, "tues": true, "wed": true, "thu": true, "thur": true, "thurs": true, "fri": true, "sat": true,
	"sun":  true,
	"dnia": true, "dniu": true, "w": true, "we": true, "od": true, "poniedziałek": true, "poniedziałku": true,
	"wtorek": true, "wtorku": true, "środę": true, "środy": true,
	"czwartek": true, "czwartku": true, "piątek": true, "piątku": true, "soboty": true, "niedzieli": true, "do": true,
	"pracy": true, "biura": true,
	"den": true, "på": true, "måndag": true, "måndagen": true, "tisdag": true, "tisdagen": true, "onsdag": true,
	"onsdagen": true, "torsdag": true, "torsdagen": true,
	"fredag": true, "fredagen": true, "med": true, "igen": true, "kontoret": true,
	"il": true, "al": true, "giorno": true, "lunedì": true, "martedì": true, "mercoledì": true, "giovedì": true,
	"venerdì": true, "a": true, "ufficio": true, "in": true,
	"tanggal": true, "pada": true, "hari": true, "dengan": true, "senin": true, "selasa": true, "rabu": true, "kamis": true,
	"jumat": true, "kantor": true, "ke": true, "di": true,
	"zum": true, "am": true, "dem": true, "einschließlich": true, "montag": true, "dienstag": true, "mittwoch": true,
	"donnerstag": true, "freitag": true,
	"le": true, "au": true, "inclus": true, "lundi": true, "mardi": true, "mercredi": true, "jeudi": true, "vendredi": true,
	"bureau": true,
	"el":     true, "día": true, "lunes": true, "martes": true, "miércoles": true, "jueves": true, "viernes": true,
	"office": true, "work": true, "st": true, "nd": true, "rd": true, "th": true, "de": true, "er": true,
}
